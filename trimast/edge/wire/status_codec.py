"""StatusUpdate <-> mesos.v1.TaskStatus, and an agent's report of one."""

from protos.mesos.v1 import mesos_pb2
from protos.trimast.v1 import agent_link_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.check_codec import check_result_from_proto, check_result_to_proto
from trimast.edge.wire.container_status_codec import (
    container_status_from_proto,
    container_status_to_proto,
)
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

UUID_BYTES = 16
EXIT_CODE_LABEL = "trimast.exit_code"
SIGNAL_LABEL = "trimast.signal"
PAUSED_LABEL = "trimast.paused"
_OUR_LABELS = {EXIT_CODE_LABEL, SIGNAL_LABEL, PAUSED_LABEL}

_STATE_TO_PROTO = {s: mesos_pb2.TaskState.Value(f"TASK_{s.name}") for s in TaskState}
_STATE_FROM_PROTO = {number: state for state, number in _STATE_TO_PROTO.items()}
_STATE_FROM_NUMBER = {int(number): state for number, state in _STATE_FROM_PROTO.items()}
_SOURCE_TO_PROTO = {s: mesos_pb2.TaskStatus.Source.Value(f"SOURCE_{s.name}") for s in StatusSource}
_SOURCE_FROM_PROTO = {number: source for source, number in _SOURCE_TO_PROTO.items()}
_REASON_TO_PROTO = {r: mesos_pb2.TaskStatus.Reason.Value(f"REASON_{r.name}") for r in StatusReason}
_REASON_FROM_PROTO = {number: reason for reason, number in _REASON_TO_PROTO.items()}


def task_state_to_proto(state: TaskState) -> "mesos_pb2.TaskState.ValueType":
    return _STATE_TO_PROTO[state]


def task_state_from_number(number: int) -> TaskState:
    """
    Raises:
        KeyError: a state that this version does not know.
    """
    return _STATE_FROM_NUMBER[number]


def status_to_proto(update: StatusUpdate) -> mesos_pb2.TaskStatus:
    """As a framework sees it; how the process ended travels as labels."""
    message = mesos_pb2.TaskStatus(
        task_id=mesos_pb2.TaskID(value=update.task_id),
        state=_STATE_TO_PROTO[update.state],
        source=_SOURCE_TO_PROTO[update.source],
        timestamp=update.timestamp_ms / 1000,
    )
    if update.agent_id:
        message.agent_id.value = update.agent_id
    if update.uuid:
        message.uuid = update.uuid
    if update.uuid or update.executor_id:
        # A command task's executor is named after the task, and clients look for it.
        message.executor_id.value = update.executor_id or update.task_id
    if update.message:
        message.message = update.message
    if update.reason is not None:
        message.reason = _REASON_TO_PROTO[update.reason]
    if update.healthy is not None:
        message.healthy = update.healthy
    if update.check is not None:
        message.check_status.CopyFrom(check_result_to_proto(update.check))
    if update.data:
        message.data = update.data
    if update.labels:
        message.labels.CopyFrom(labels_to_proto(update.labels))
    if update.exit_code is not None:
        message.labels.labels.add(key=EXIT_CODE_LABEL, value=str(update.exit_code))
    if update.signal is not None:
        message.labels.labels.add(key=SIGNAL_LABEL, value=str(update.signal))
    if update.limitation is not None:
        message.limitation.resources.extend(resources_to_proto(update.limitation))
    if update.container is not None:
        container_status_to_proto(update.container, message.container_status)
    if update.is_paused:
        message.labels.labels.add(key=PAUSED_LABEL, value="true")
    return message


def status_from_proto(
    message: mesos_pb2.TaskStatus,
    framework_id: FrameworkId,
    *,
    sequence: int = 0,
    fence: int = 0,
) -> StatusUpdate:
    """
    Raises:
        BadMessage: the uuid is of another length, or a number that should be is not one; or its
            limitation is no amount of resources.
    """
    if message.uuid and len(message.uuid) != UUID_BYTES:
        raise BadMessage(f"a status uuid has {UUID_BYTES} bytes, this one {len(message.uuid)}")
    labels = labels_from_proto(message.labels) if message.HasField("labels") else ()
    ours = dict(labels)
    return StatusUpdate(
        framework_id=framework_id,
        task_id=TaskId(message.task_id.value),
        agent_id=AgentId(message.agent_id.value),
        state=_STATE_FROM_PROTO[message.state],
        source=_SOURCE_FROM_PROTO[message.source],
        timestamp_ms=round(message.timestamp * 1000),
        uuid=message.uuid,
        sequence=sequence,
        fence=fence,
        reason=_REASON_FROM_PROTO.get(message.reason) if message.HasField("reason") else None,
        message=message.message,
        exit_code=_number(ours.get(EXIT_CODE_LABEL)),
        signal=_number(ours.get(SIGNAL_LABEL)),
        executor_id=_executor_id(message),
        healthy=message.healthy if message.HasField("healthy") else None,
        check=(
            check_result_from_proto(message.check_status)
            if message.HasField("check_status")
            else None
        ),
        data=message.data,
        limitation=(
            resources_from_proto(message.limitation.resources)
            if message.HasField("limitation")
            else None
        ),
        is_paused=PAUSED_LABEL in ours,
        container=(
            container_status_from_proto(message.container_status)
            if message.HasField("container_status")
            else None
        ),
        labels=tuple(label for label in labels if label[0] not in _OUR_LABELS),
    )


def status_report_to_proto(update: StatusUpdate) -> agent_link_pb2.StatusReport:
    return agent_link_pb2.StatusReport(
        framework_id=update.framework_id,
        status=status_to_proto(update),
        sequence=update.sequence,
        fence=update.fence,
    )


def status_report_from_proto(message: agent_link_pb2.StatusReport) -> StatusUpdate:
    """
    Raises:
        BadMessage: a report of an agent carries a uuid and a sequence number from 1.
    """
    if len(message.status.uuid) != UUID_BYTES or not message.sequence:
        raise BadMessage("an agent's report has a uuid of 16 bytes and a sequence number from 1")
    return status_from_proto(
        message.status,
        FrameworkId(message.framework_id),
        sequence=message.sequence,
        fence=message.fence,
    )


def _executor_id(message: mesos_pb2.TaskStatus) -> ExecutorId | None:
    name = message.executor_id.value
    return ExecutorId(name) if name and name != message.task_id.value else None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text[:8])
    except ValueError:
        raise BadMessage(f"an exit code or signal is a number, not {text[:80]!r}") from None
