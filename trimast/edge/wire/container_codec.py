"""ContainerInfo <-> mesos.v1.ContainerInfo."""

from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.image_codec import image_from_proto, image_to_proto
from trimast.edge.wire.network_codec import network_from_proto, network_to_proto
from trimast.model.container import CAPABILITIES, ContainerInfo, Network, Rlimit

_RLimit = mesos_pb2.RLimitInfo.RLimit
_Capability = mesos_pb2.CapabilityInfo.Capability
_PREFIX: Final = "RLMT_"
_KNOWN: Final = {"type", "linux_info", "rlimit_info", "docker", "mesos", "volumes", "network_infos"}
_KNOWN_OF_LINUX: Final = {
    "capability_info",
    "bounding_capabilities",
    "effective_capabilities",
    "share_pid_namespace",
    "ipc_mode",
}


def container_from_proto(message: mesos_pb2.ContainerInfo) -> ContainerInfo:
    """Raises BadMessage."""
    for field, _ in message.ListFields():
        if field.name not in _KNOWN:
            raise BadMessage(f"Task's container uses {field.name}, which is not supported yet")
    linux = message.linux_info
    for field, _ in linux.ListFields():
        if field.name not in _KNOWN_OF_LINUX:
            raise BadMessage(f"Task's linux_info uses {field.name}, which is not supported yet")
    image = image_from_proto(message)
    return ContainerInfo(
        rlimits=_rlimits(message.rlimit_info),
        capabilities=_capabilities(linux),
        own_pids=linux.HasField("share_pid_namespace") and not linux.share_pid_namespace,
        own_ipc=linux.ipc_mode == mesos_pb2.LinuxInfo.PRIVATE,
        network=network_from_proto(message) if image is None else Network.HOST,
        image=image,
    )


def container_to_proto(container: ContainerInfo) -> mesos_pb2.ContainerInfo:
    message = mesos_pb2.ContainerInfo(type=mesos_pb2.ContainerInfo.MESOS)
    for rlimit in container.rlimits:
        message.rlimit_info.rlimits.add(
            type=_RLimit.Type.Value(_PREFIX + rlimit.name), soft=rlimit.soft, hard=rlimit.hard
        )
    if container.capabilities is not None:
        kept = message.linux_info.bounding_capabilities
        kept.SetInParent()
        kept.capabilities.extend(_Capability.Value(name) for name in container.capabilities)
    if container.own_pids:
        message.linux_info.share_pid_namespace = False
    if container.own_ipc:
        message.linux_info.ipc_mode = mesos_pb2.LinuxInfo.PRIVATE
    network_to_proto(container.network, message)
    if container.image is not None:
        image_to_proto(container.image, message)
    return message


def _rlimits(info: mesos_pb2.RLimitInfo) -> tuple[Rlimit, ...]:
    rlimits: list[Rlimit] = []
    for message in info.rlimits:
        if message.type == _RLimit.UNKNOWN:
            raise BadMessage("Task's rlimit has no type, or one that is not known")
        name = _RLimit.Type.Name(message.type).removeprefix(_PREFIX)
        if message.HasField("soft") != message.HasField("hard"):
            raise BadMessage(f"Task's rlimit {name} must have both soft and hard, or neither")
        if message.soft > message.hard:
            raise BadMessage(f"Task's rlimit {name} has a soft limit above its hard one")
        if message.hard >= 1 << 63:
            raise BadMessage(f"Task's rlimit {name} is too large; for no limit name neither")
        if name in {rlimit.name for rlimit in rlimits}:
            raise BadMessage(f"Task's rlimit {name} is there twice")
        bounds = (message.soft, message.hard) if message.HasField("soft") else (None, None)
        rlimits.append(Rlimit(name, *bounds))
    return tuple(rlimits)


def _capabilities(linux: mesos_pb2.LinuxInfo) -> tuple[str, ...] | None:
    """What is named for any of the sets: a task here has the same in each of them."""
    named = [
        getattr(linux, field)
        for field in ("bounding_capabilities", "effective_capabilities", "capability_info")
        if linux.HasField(field)
    ]
    if not named:
        return None
    sets = [{_Capability.Name(number) for number in info.capabilities} for info in named]
    kept = set.intersection(*sets)
    if not kept <= set(CAPABILITIES):
        raise BadMessage("Task's linux_info names a capability that is not known")
    return tuple(sorted(kept))
