"""What is taken from a task, by who it runs as and what it asks for."""

import resource

import pytest

from agent.edge.containerizer.boxing import box_of
from agent.edge.containerizer.command_line import CannotStart
from trimast.model.container import CAPABILITIES, ContainerInfo, Network, Rlimit


@pytest.mark.parametrize(
    ("asked", "is_root", "kept"),
    [
        (None, True, None),
        (None, False, []),
        (ContainerInfo(capabilities=("KILL", "CHOWN")), True, [5, 0]),
        (ContainerInfo(capabilities=("KILL",)), False, []),
    ],
)
def test_only_root_has_capabilities_to_keep(
    asked: ContainerInfo | None, is_root: bool, kept: list[int] | None
) -> None:
    box = box_of(asked, is_root=is_root, new_privileges=False)
    assert (box["capabilities"], box["no_new_privs"]) == (kept, True)


def test_who_may_gain_privileges_is_not_kept_from_it() -> None:
    box = box_of(None, is_root=False, new_privileges=True)
    assert (box["capabilities"], box["no_new_privs"]) == (None, False)


def test_rlimits_and_namespaces_are_named() -> None:
    asked = ContainerInfo(rlimits=(Rlimit("NOFILE", 5, 6), Rlimit("AS")), own_pids=True)
    box = box_of(asked, is_root=True, new_privileges=False)
    assert box["rlimits"] == [[resource.RLIMIT_NOFILE, 5, 6], [resource.RLIMIT_AS, None, None]]
    assert box["namespaces"] == ["pid"]
    alone = ContainerInfo(network=Network.NONE)
    assert box_of(alone, is_root=True, new_privileges=False)["namespaces"] == ["net"]
    with pytest.raises(CannotStart, match="LOCKS"):
        box_of(ContainerInfo(rlimits=(Rlimit("LOCKS"),)), is_root=True, new_privileges=False)


def test_capabilities_have_the_kernels_numbers() -> None:
    assert len(CAPABILITIES) == 41
    assert [CAPABILITIES.index(name) for name in ("CHOWN", "SYS_ADMIN", "BPF")] == [0, 21, 39]
