"""What only cgroup v1 has: memory and swap have one bound together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.launcher.cgroups.contract import Bounds
from agent.launcher.cgroups.finding import cgroup_mounts
from agent.launcher.cgroups.v1 import NEEDED, WITH_SWAP, V1Groups

MIB = 1 << 20


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[tuple[V1Groups, Path] | None]:
    """None where the kernel has no such groups, or does not count swap."""
    _, mounts = cgroup_mounts(Path("/proc/self/mountinfo").read_text())
    if not set(NEEDED) <= mounts.keys() or not (Path(mounts["memory"]) / WITH_SWAP).exists():
        yield None
        return
    try:
        groups = V1Groups(mounts, f"trimast-test/{tmp_path.name}")
    except OSError:
        yield None
        return
    yield groups, Path(mounts["memory"]) / f"trimast-test/{tmp_path.name}/g" / WITH_SWAP
    assert groups.remove("g")
    groups.close()


def test_what_does_not_fit_into_memory_does_not_go_to_the_disk(
    memory: tuple[V1Groups, Path] | None,
) -> None:
    if memory is None:
        return
    groups, with_swap = memory
    groups.make("g", Bounds(2, mem_bytes=64 * MIB))
    assert int(with_swap.read_text()) == 64 * MIB


@pytest.mark.parametrize("mem_bytes", [32 * MIB, 128 * MIB])
def test_another_bound_is_one_of_both(memory: tuple[V1Groups, Path] | None, mem_bytes: int) -> None:
    if memory is None:
        return
    groups, with_swap = memory
    groups.make("g", Bounds(2, mem_bytes=64 * MIB))
    assert groups.resize("g", Bounds(2, mem_bytes=mem_bytes))
    assert int(with_swap.read_text()) == mem_bytes
    assert groups.memory("g").limit == mem_bytes


def test_a_bound_that_is_lifted_is_lifted_of_both(memory: tuple[V1Groups, Path] | None) -> None:
    if memory is None:
        return
    groups, with_swap = memory
    groups.make("g", Bounds(2, mem_bytes=64 * MIB))
    assert groups.resize("g", Bounds(2))
    assert int(with_swap.read_text()) > 1 << 60
