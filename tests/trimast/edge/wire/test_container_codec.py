"""Containers, there and back."""

from collections.abc import Callable

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.container_codec import container_from_proto, container_to_proto
from trimast.model.container import CAPABILITIES, ContainerInfo, Network, Rlimit

Container = mesos_pb2.ContainerInfo
Capability = mesos_pb2.CapabilityInfo.Capability
RLimit = mesos_pb2.RLimitInfo.RLimit


@pytest.mark.parametrize(
    "container",
    [
        ContainerInfo(),
        ContainerInfo(
            rlimits=(Rlimit("NOFILE", 5, 6), Rlimit("CORE")),
            capabilities=("CHOWN", "KILL"),
            own_pids=True,
            own_ipc=True,
        ),
        ContainerInfo(network=Network.NONE),
        ContainerInfo(capabilities=()),
        ContainerInfo(capabilities=tuple(sorted(CAPABILITIES))),
    ],
)
def test_there_and_back(container: ContainerInfo) -> None:
    assert container_from_proto(container_to_proto(container)) == container


def test_capabilities_are_those_that_all_sets_name() -> None:
    message = Container(type=Container.MESOS)
    linux = message.linux_info
    linux.bounding_capabilities.capabilities.extend([Capability.CHOWN, Capability.KILL])
    linux.effective_capabilities.capabilities.extend([Capability.KILL, Capability.SETGID])
    assert container_from_proto(message).capabilities == ("KILL",)


def docker(message: Container) -> None:
    message.type = Container.DOCKER


def rlimit(**more: int) -> Callable[[Container], None]:
    return lambda message: message.rlimit_info.rlimits.append(RLimit(**more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (docker, "so must have docker"),
        (lambda m: setattr(m, "hostname", "h"), "hostname, which is not supported yet"),
        (lambda m: m.linux_info.seccomp.SetInParent(), "seccomp, which is not supported yet"),
        (rlimit(soft=1, hard=2), "no type"),
        (rlimit(type=RLimit.RLMT_CPU, soft=1), "both soft and hard, or neither"),
        (rlimit(type=RLimit.RLMT_CPU, soft=3, hard=2), "soft limit above its hard one"),
        (rlimit(type=RLimit.RLMT_CPU, soft=3, hard=1 << 63), "too large"),
        (
            lambda m: m.linux_info.capability_info.capabilities.append(0),
            "a capability that is not known",
        ),
    ],
)
def test_what_cannot_be_is_refused(change: Callable[[Container], None], fault: str) -> None:
    message = Container(type=Container.MESOS)
    change(message)
    with pytest.raises(BadMessage, match=fault):
        container_from_proto(message)


def test_so_is_the_same_twice() -> None:
    message = Container(type=Container.MESOS)
    for _ in range(2):
        rlimit(type=RLimit.RLMT_CPU, soft=1, hard=2)(message)
    with pytest.raises(BadMessage, match="CPU is there twice"):
        container_from_proto(message)
