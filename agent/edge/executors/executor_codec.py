"""mesos.v1.executor calls -> events of the agent, and what executors are told -> messages."""

from typing import Final, assert_never

from agent.container_names import container_id
from agent.executors.effects import (
    Acknowledged,
    EndTask,
    ExecutorNews,
    Launch,
    LaunchGroup,
    Message,
    Shutdown,
    Subscribed,
)
from agent.executors.events import (
    ExecutorReported,
    ExecutorSaid,
    ExecutorStatus,
    ExecutorSubscribed,
)
from agent.executors.executor import executor_key
from agent.state import AgentState
from agent.tasks import TaskKey
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.executor import executor_pb2
from trimast.edge.wire.agent_codec import agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.executor_codec import executor_info_to_proto
from trimast.edge.wire.framework_codec import framework_info_to_proto
from trimast.edge.wire.status_codec import (
    EXIT_CODE_LABEL,
    SIGNAL_LABEL,
    UUID_BYTES,
    status_from_proto,
)
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.model.ids import ExecutorId, FrameworkId, TaskId, fault_of_id
from trimast.model.task_lifecycle import TaskState

STATUS_BYTES_MAX: Final = 64 * 1024
"""Every status is written to the log of the masters."""
MESSAGE_BYTES_MAX: Final = 1024 * 1024

_Call = executor_pb2.Call
_Event = executor_pb2.Event
_MS_IN_NS: Final = 1_000_000
_BODIES: Final = {_Call.SUBSCRIBE: "subscribe", _Call.UPDATE: "update", _Call.MESSAGE: "message"}
_MASTERS_WORDS: Final = {TaskState.UNREACHABLE, TaskState.UNKNOWN}


def check_call(call: executor_pb2.Call) -> None:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    if not call.HasField("type") or call.type == _Call.UNKNOWN:
        raise BadMessage("Expecting 'type' to be present")
    for what, text in (
        ("framework", call.framework_id.value),
        ("executor", call.executor_id.value),
    ):
        fault = fault_of_id(text)
        if fault is not None:
            raise BadMessage(f"{what} id: {fault}")
    body = _BODIES.get(call.type)
    if body is not None and body not in {field.name for field, _ in call.ListFields()}:
        raise BadMessage(f"Expecting '{body}' to be present")
    if call.type == _Call.UPDATE:
        _check_status(call, call.update.status)
    for update in call.subscribe.unacknowledged_updates:
        _check_status(call, update.status)
    if len(call.message.data) > MESSAGE_BYTES_MAX:
        raise BadMessage(f"a message has at most {MESSAGE_BYTES_MAX} bytes")


def key_of(call: executor_pb2.Call) -> TaskKey:
    return executor_key(FrameworkId(call.framework_id.value), ExecutorId(call.executor_id.value))


def subscribed(call: executor_pb2.Call, stream_id: int, now_ms: int) -> ExecutorSubscribed:
    """
    Args:
        now_ms: wall clock, for statuses that have no time.
    """
    body = call.subscribe
    return ExecutorSubscribed(
        key_of(call),
        stream_id,
        frozenset(TaskId(task.task_id.value) for task in body.unacknowledged_tasks),
        tuple(_status(call, update.status, now_ms) for update in body.unacknowledged_updates),
    )


def reported(call: executor_pb2.Call, now_ms: int) -> ExecutorReported:
    return ExecutorReported(key_of(call), _status(call, call.update.status, now_ms))


def said(call: executor_pb2.Call) -> ExecutorSaid:
    return ExecutorSaid(key_of(call), call.message.data)


def event_from_news(news: ExecutorNews, state: AgentState) -> executor_pb2.Event:
    event = executor_pb2.Event()
    match news:
        case Subscribed():
            event.type = _Event.SUBSCRIBED
            _describe(event.subscribed, news, state)
        case Launch():
            event.type = _Event.LAUNCH
            event.launch.task.CopyFrom(task_info_to_proto(news.task))
        case LaunchGroup():
            event.type = _Event.LAUNCH_GROUP
            event.launch_group.task_group.tasks.extend(map(task_info_to_proto, news.tasks))
        case EndTask():
            event.type = _Event.KILL
            event.kill.task_id.value = news.task_id
            if news.grace_ms is not None:
                event.kill.kill_policy.grace_period.nanoseconds = news.grace_ms * _MS_IN_NS
        case Acknowledged():
            event.type = _Event.ACKNOWLEDGED
            event.acknowledged.task_id.value = news.task_id
            event.acknowledged.uuid = news.uuid
        case Message():
            event.type = _Event.MESSAGE
            event.message.data = news.data
        case Shutdown():
            event.type = _Event.SHUTDOWN
        case _:
            assert_never(news)
    return event


def _describe(message: executor_pb2.Event.Subscribed, news: Subscribed, state: AgentState) -> None:
    framework_id = news.framework_id
    message.executor_info.CopyFrom(executor_info_to_proto(news.notes.info))
    message.executor_info.framework_id.value = framework_id
    message.framework_info.CopyFrom(framework_info_to_proto(news.notes.framework))
    message.framework_info.id.value = framework_id
    message.agent_info.CopyFrom(agent_info_to_proto(state.info))
    message.agent_info.id.value = state.agent_id or ""
    key = executor_key(framework_id, news.notes.info.executor_id)
    message.container_id.value = container_id(key, news.fence)


def _check_status(call: executor_pb2.Call, status: mesos_pb2.TaskStatus) -> None:
    executor_id = call.executor_id.value
    if not status.HasField("uuid"):
        raise BadMessage("Expecting 'uuid' to be present")
    if len(status.uuid) != UUID_BYTES:
        raise BadMessage(f"Not a valid UUID: it has {len(status.uuid)} bytes, not {UUID_BYTES}")
    if status.HasField("executor_id") and status.executor_id.value != executor_id:
        raise BadMessage(
            f"ExecutorID in Call: {executor_id} does not match ExecutorID in TaskStatus: "
            f"{status.executor_id.value}"
        )
    if not status.HasField("source") or status.source != mesos_pb2.TaskStatus.SOURCE_EXECUTOR:
        raise BadMessage(
            f"Received Call from executor {executor_id} with invalid source, expecting "
            "'SOURCE_EXECUTOR'"
        )
    fault = fault_of_id(status.task_id.value)
    if fault is not None:
        raise BadMessage(f"task id: {fault}")
    state = _state(status)
    if state is TaskState.STAGING or state in _MASTERS_WORDS:
        raise BadMessage(
            f"Received TASK_{state.name} from executor {executor_id} which is not allowed"
        )
    if status.ByteSize() > STATUS_BYTES_MAX:
        raise BadMessage(f"a status has at most {STATUS_BYTES_MAX} bytes, data and all")


def _state(status: mesos_pb2.TaskStatus) -> TaskState:
    return TaskState[mesos_pb2.TaskState.Name(status.state).removeprefix("TASK_")]


def _status(call: executor_pb2.Call, status: mesos_pb2.TaskStatus, now_ms: int) -> ExecutorStatus:
    kept = mesos_pb2.TaskStatus()
    kept.CopyFrom(status)
    del kept.labels.labels[:]
    kept.labels.labels.extend(
        label
        for label in status.labels.labels
        if label.key not in {EXIT_CODE_LABEL, SIGNAL_LABEL}  # The agent's own words.
    )
    update = status_from_proto(kept, FrameworkId(call.framework_id.value))
    return ExecutorStatus(
        update.task_id,
        update.state,
        update.uuid,
        reason=update.reason,
        message=update.message,
        healthy=update.healthy,
        data=update.data,
        labels=update.labels,
        timestamp_ms=update.timestamp_ms if status.HasField("timestamp") else now_ms,
    )
