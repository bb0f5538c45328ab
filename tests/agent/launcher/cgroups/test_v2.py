"""What is written into the files of cgroup v2."""

import os
from pathlib import Path

import pytest

from agent.launcher.cgroups.contract import Bounds
from agent.launcher.cgroups.v2 import V2Groups, weight_of
from tests.agent.launcher.cgroups.fake_cgroup2 import FakeCgroup2


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return FakeCgroup2(tmp_path / "cgroup", monkeypatch).mount


def text(mount: Path, name: str, group: str = "trimast/a/g") -> str:
    return (mount / group / name).read_text()


@pytest.mark.parametrize(("shares", "weight"), [(2, 1), (1024, 39), (262_144, 10_000), (0, 1)])
def test_shares_become_weights(shares: int, weight: int) -> None:
    assert weight_of(shares) == weight


def test_bounds_are_written_down(mount: Path) -> None:
    V2Groups(str(mount), "trimast/a").make("g", Bounds(1024, 150_000, 64 << 20, 32 << 20, 50))
    assert text(mount, "cpu.weight") == "39"
    assert text(mount, "cpu.max") == "150000 100000"
    assert text(mount, "memory.max") == str(64 << 20)
    assert text(mount, "memory.swap.max") == "0"
    assert text(mount, "memory.low") == str(32 << 20)
    assert text(mount, "memory.oom.group") == "1"
    assert text(mount, "pids.max") == "50"


def test_no_bound_is_not_written(mount: Path) -> None:
    V2Groups(str(mount), "trimast/a").make("g", Bounds(1024))
    assert text(mount, "cpu.max") == "max 100000"
    assert text(mount, "memory.max") == "max"
    assert text(mount, "memory.swap.max") == "max"
    assert text(mount, "pids.max") == "max"


def test_controllers_are_passed_on_all_the_way_down(mount: Path) -> None:
    V2Groups(str(mount), "trimast/a")
    for group in ("", "trimast", "trimast/a"):
        assert text(mount, "cgroup.subtree_control", group) == "+cpu +memory +pids"


def test_what_the_kernel_ended_for_memory_is_counted(mount: Path) -> None:
    groups = V2Groups(str(mount), "trimast/a")
    groups.make("g", Bounds(2, mem_bytes=4096))
    (mount / "trimast/a/g/memory.events").write_text("oom 2\noom_kill 1\n")
    memory = groups.memory("g")
    assert (memory.limit, memory.usage, memory.peak, memory.oom_kills) == (4096, 4096, 8192, 1)


def test_bounds_that_are_lifted_are_written_as_none(mount: Path) -> None:
    groups = V2Groups(str(mount), "trimast/a")
    groups.make("g", Bounds(1024, 150_000, 64 << 20, 32 << 20, 50))
    assert groups.resize("g", Bounds(2048))
    files = ("cpu.weight", "cpu.max", "memory.max", "memory.low", "memory.high", "pids.max")
    written = ["79", "max 100000", "max", "0", "max", "max"]
    assert [text(mount, file) for file in files] == written
    assert text(mount, "memory.swap.max") == "max"


def test_a_kernel_that_counts_no_swap_is_not_told_of_it(mount: Path) -> None:
    V2Groups(str(mount), "trimast/a")
    (mount / "trimast/a/memory.swap.max").unlink()
    groups = V2Groups(str(mount), "trimast/a")
    groups.make("g", Bounds(1024, mem_bytes=64 << 20))
    assert groups.resize("g", Bounds(1024, mem_bytes=64 << 20))
    assert text(mount, "memory.swap.max") == "max"


def test_who_holds_more_than_the_new_bound_is_pressed_and_not_killed(mount: Path) -> None:
    groups = V2Groups(str(mount), "trimast/a")
    groups.make("g", Bounds(2, mem_bytes=1 << 20))
    assert not groups.resize("g", Bounds(2, mem_bytes=4095))
    assert (text(mount, "memory.high"), text(mount, "memory.max")) == ("4095", str(1 << 20))
    assert groups.resize("g", Bounds(2, mem_bytes=4096))
    assert (text(mount, "memory.high"), text(mount, "memory.max")) == ("max", "4096")


def test_the_launcher_has_a_place_that_is_no_group(mount: Path) -> None:
    groups = V2Groups(str(mount), "trimast/a")
    groups.settle_in()
    assert groups.names() == []
    assert str(os.getpid()) in text(mount, "cgroup.procs", "trimast/a/launcher").split()
    groups.close()
    assert not (mount / "trimast").exists()
