"""ExecutorInfo <-> mesos.v1.ExecutorInfo."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.command_codec import command_from_proto, command_to_proto
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId, FrameworkId, fault_of_id

_MS_IN_NS = 1_000_000
_Type = mesos_pb2.ExecutorInfo
_KIND_FROM_PROTO = {_Type.CUSTOM: ExecutorKind.CUSTOM, _Type.DEFAULT: ExecutorKind.DEFAULT}
_KIND_TO_PROTO = {kind: number for number, kind in _KIND_FROM_PROTO.items()}


def executor_info_from_proto(message: mesos_pb2.ExecutorInfo) -> ExecutorInfo:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    fault = fault_of_id(message.executor_id.value)
    if fault is not None:
        raise BadMessage(f"Executor has invalid ID: {fault}")
    kind = _KIND_FROM_PROTO.get(message.type) if message.HasField("type") else ExecutorKind.CUSTOM
    if kind is None:
        raise BadMessage("'ExecutorInfo.type' must be 'CUSTOM' or 'DEFAULT'")
    is_custom = kind is ExecutorKind.CUSTOM
    if is_custom and not message.HasField("command"):
        raise BadMessage("'ExecutorInfo.command' must be set for 'CUSTOM' executor")
    if not is_custom and message.HasField("command"):
        raise BadMessage("'ExecutorInfo.command' must not be set for 'DEFAULT' executor")
    if message.HasField("container"):
        raise BadMessage("Executor uses container, which is not supported yet")
    return ExecutorInfo(
        executor_id=ExecutorId(message.executor_id.value),
        kind=kind,
        command=command_from_proto(message.command, "Executor") if is_custom else None,
        resources=resources_from_proto(message.resources),
        name=message.name,
        framework_id=FrameworkId(message.framework_id.value) or None,
        shutdown_grace_ms=_shutdown_grace_ms(message),
        labels=labels_from_proto(message.labels),
        data=message.data,
    )


def executor_info_to_proto(info: ExecutorInfo) -> mesos_pb2.ExecutorInfo:
    message = mesos_pb2.ExecutorInfo(
        type=_KIND_TO_PROTO[info.kind],
        executor_id=mesos_pb2.ExecutorID(value=info.executor_id),
        resources=resources_to_proto(info.resources),
    )
    if info.framework_id is not None:
        message.framework_id.value = info.framework_id
    if info.command is not None:
        message.command.CopyFrom(command_to_proto(info.command))
    if info.name:
        message.name = info.name
    if info.shutdown_grace_ms is not None:
        message.shutdown_grace_period.nanoseconds = info.shutdown_grace_ms * _MS_IN_NS
    if info.labels:
        message.labels.CopyFrom(labels_to_proto(info.labels))
    if info.data:
        message.data = info.data
    return message


def _shutdown_grace_ms(message: mesos_pb2.ExecutorInfo) -> int | None:
    if not message.HasField("shutdown_grace_period"):
        return None
    if message.shutdown_grace_period.nanoseconds < 0:
        raise BadMessage("ExecutorInfo's 'shutdown_grace_period' must be non-negative")
    return message.shutdown_grace_period.nanoseconds // _MS_IN_NS
