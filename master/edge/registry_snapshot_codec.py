"""The whole registry <-> the bytes of a snapshot, a few records at a time."""

from collections.abc import Iterable, Iterator
from typing import Final

from google.protobuf.message import DecodeError

from master.registry.records import (
    AgentRecord,
    AgentState,
    FrameworkRecord,
    FrameworkState,
    KillOrder,
    OperationRecord,
    TaskRecord,
)
from master.registry.snapshot import RegistrySnapshot
from master.registry.state import RegistryState
from protos.trimast.v1 import agent_link_pb2
from protos.trimast.v1 import registry_snapshot_pb2 as pb
from trimast.edge.wire.agent_codec import agent_info_from_proto, agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_from_proto, framework_info_to_proto
from trimast.edge.wire.operation_codec import (
    operation_from_number,
    operation_to_proto,
    resources_of,
)
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.edge.wire.status_codec import (
    status_from_proto,
    status_report_to_proto,
    task_state_from_number,
    task_state_to_proto,
)
from trimast.edge.wire.task_codec import task_info_from_proto, task_info_to_proto
from trimast.edge.wire.volume_codec import kept_volume_from_proto, kept_volume_to_proto
from trimast.model.ids import AgentId, FrameworkId, MasterId, OperationId
from trimast.model.status_update import StatusUpdate

_RECORDS_PER_CHUNK: Final = 16
_CHUNK_BYTES: Final = 64 * 1024

_AGENT_STATE_TO_PROTO: Final = {s: pb.SnapshotAgent.State.Value(s.name) for s in AgentState}
_AGENT_STATE_FROM_PROTO: Final = {n: state for state, n in _AGENT_STATE_TO_PROTO.items()}
_FRAMEWORK_STATE_TO_PROTO: Final = {
    s: pb.SnapshotFramework.State.Value(s.name) for s in FrameworkState
}
_FRAMEWORK_STATE_FROM_PROTO: Final = {n: state for state, n in _FRAMEWORK_STATE_TO_PROTO.items()}


def snapshot_chunks(snapshot: RegistrySnapshot) -> Iterator[bytes]:
    """Parts, each of which takes about a millisecond. Uses the snapshot up."""
    waiting: list[bytes] = []
    waiting_bytes = 0
    for part in _parts(snapshot):
        # Messages of one kind, one after the other, are one message with the fields of all.
        data = part.SerializeToString()
        waiting.append(data)
        waiting_bytes += len(data)
        if len(waiting) >= _RECORDS_PER_CHUNK or waiting_bytes >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting.clear()
            waiting_bytes = 0
    yield b"".join(waiting) + pb.RegistrySnapshotPart(is_last=True).SerializeToString()


class RegistryReading:
    """Attributes:
    state: what the chunks taken so far make.
    is_whole: the last one was taken.
    """

    def __init__(self) -> None:
        self.state: Final = RegistryState()
        self.is_whole = False

    def take(self, chunk: bytes) -> None:
        """
        Raises:
            BadMessage: not a part of a snapshot that this version knows.
        """
        try:
            self._take(pb.RegistrySnapshotPart.FromString(chunk))
        except (DecodeError, ValueError, KeyError) as error:
            raise BadMessage(f"not a registry snapshot: {error}") from error

    def _take(self, part: pb.RegistrySnapshotPart) -> None:
        state = self.state
        if self.is_whole:
            raise BadMessage("a registry snapshot goes on after its end")
        if part.HasField("head"):
            state.epoch = part.head.epoch
            has_leader = part.head.HasField("leader_id")
            state.leader_id = MasterId(part.head.leader_id) if has_leader else None
        for agent in map(_agent_from_proto, part.agents):
            state.agents[agent.agent_id] = agent
        for framework in map(_framework_from_proto, part.frameworks):
            state.frameworks[framework.framework_id] = framework
        for task in map(_task_from_proto, part.tasks):
            state.put_back_task(task)
        for task in map(_task_from_proto, part.completed_tasks):
            state.completed_tasks[task.key, task.fence] = task
        for framework in map(_framework_from_proto, part.completed_frameworks):
            state.completed_frameworks[framework.framework_id] = framework
        for used in part.used:
            state.used[AgentId(used.agent_id)] = resources_from_proto(used.resources)
        for reserved in part.reserved:
            state.reserved[AgentId(reserved.agent_id)] = resources_from_proto(reserved.resources)
        for volumes in part.volumes:
            kept = tuple(map(kept_volume_from_proto, volumes.volumes))
            state.volumes[AgentId(volumes.agent_id)] = kept
        for operation in map(_operation_from_proto, part.operations):
            state.add_operation(operation)
        self.is_whole = part.is_last


def _parts(snapshot: RegistrySnapshot) -> Iterable[pb.RegistrySnapshotPart]:
    head = pb.SnapshotHead(epoch=snapshot.epoch, leader_id=snapshot.leader_id)
    yield pb.RegistrySnapshotPart(head=head)
    for agent in snapshot.agents:
        yield pb.RegistrySnapshotPart(agents=[_agent_to_proto(agent)])
    for framework in snapshot.frameworks:
        yield pb.RegistrySnapshotPart(frameworks=[_framework_to_proto(framework)])
    for task in _drained(snapshot.tasks):
        yield pb.RegistrySnapshotPart(tasks=[_task_to_proto(task)])
    for task in snapshot.completed_tasks:
        yield pb.RegistrySnapshotPart(completed_tasks=[_task_to_proto(task)])
    for framework in snapshot.completed_frameworks:
        yield pb.RegistrySnapshotPart(completed_frameworks=[_framework_to_proto(framework)])
    for agent_id, used in snapshot.used:
        message = pb.SnapshotUsed(agent_id=agent_id, resources=resources_to_proto(used))
        yield pb.RegistrySnapshotPart(used=[message])
    for agent_id, reserved in snapshot.reserved:
        message = pb.SnapshotUsed(agent_id=agent_id, resources=resources_to_proto(reserved))
        yield pb.RegistrySnapshotPart(reserved=[message])
    for agent_id, volumes in snapshot.volumes:
        kept = pb.SnapshotVolumes(agent_id=agent_id, volumes=map(kept_volume_to_proto, volumes))
        yield pb.RegistrySnapshotPart(volumes=[kept])
    for operation in snapshot.operations:
        yield pb.RegistrySnapshotPart(operations=[_operation_to_proto(operation)])


def _drained(tasks: list[TaskRecord]) -> Iterator[TaskRecord]:
    """Lets go of each in passing: to let go of a million at once would hold up the event loop."""
    tasks.reverse()
    while tasks:
        yield tasks.pop()


def _agent_to_proto(agent: AgentRecord) -> pb.SnapshotAgent:
    return pb.SnapshotAgent(
        agent_id=agent.agent_id,
        info=agent_info_to_proto(agent.info),
        boot_id=agent.info.boot_id,
        version=agent.info.version,
        state=_AGENT_STATE_TO_PROTO[agent.state],
        admitted_at_ms=agent.admitted_at_ms,
        changed_at_ms=agent.changed_at_ms,
    )


def _agent_from_proto(message: pb.SnapshotAgent) -> AgentRecord:
    return AgentRecord(
        AgentId(message.agent_id),
        agent_info_from_proto(message.info, boot_id=message.boot_id, version=message.version),
        _AGENT_STATE_FROM_PROTO[message.state],
        message.admitted_at_ms,
        message.changed_at_ms,
    )


def _framework_to_proto(framework: FrameworkRecord) -> pb.SnapshotFramework:
    return pb.SnapshotFramework(
        framework_id=framework.framework_id,
        info=framework_info_to_proto(framework.info),
        state=_FRAMEWORK_STATE_TO_PROTO[framework.state],
        subscription=framework.subscription,
        admitted_at_ms=framework.admitted_at_ms,
        changed_at_ms=framework.changed_at_ms,
    )


def _framework_from_proto(message: pb.SnapshotFramework) -> FrameworkRecord:
    return FrameworkRecord(
        FrameworkId(message.framework_id),
        framework_info_from_proto(message.info),
        _FRAMEWORK_STATE_FROM_PROTO[message.state],
        message.subscription,
        message.admitted_at_ms,
        message.changed_at_ms,
    )


def _task_to_proto(task: TaskRecord) -> pb.SnapshotTask:
    message = pb.SnapshotTask(
        framework_id=task.framework_id,
        info=task_info_to_proto(task.info),
        fence=task.fence,
        launched_at_ms=task.launched_at_ms,
        state=task_state_to_proto(task.state),
        reports=map(status_report_to_proto, task.reports),
        sequence=task.sequence,
        may_lack_reports=task.may_lack_reports,
        group_size=task.group_size,
    )
    if task.reports and task.reports[-1] == task.latest:
        message.latest_is_last_report = True
    elif task.latest is not None:
        message.latest.CopyFrom(status_report_to_proto(task.latest))
    if task.kill is not None:
        message.kill.SetInParent()
        if task.kill.grace_ms is not None:
            message.kill.grace_ms = task.kill.grace_ms
    return message


def _task_from_proto(message: pb.SnapshotTask) -> TaskRecord:
    reports = tuple(map(_report_from_proto, message.reports))
    latest = _report_from_proto(message.latest) if message.HasField("latest") else None
    return TaskRecord(
        FrameworkId(message.framework_id),
        task_info_from_proto(message.info),
        message.fence,
        message.launched_at_ms,
        task_state_from_number(message.state),
        reports,
        reports[-1] if message.latest_is_last_report and reports else latest,
        message.sequence,
        _kill_from_proto(message.kill) if message.HasField("kill") else None,
        message.may_lack_reports,
        message.group_size,
    )


def _operation_to_proto(record: OperationRecord) -> pb.SnapshotOperation:
    return pb.SnapshotOperation(
        framework_id=record.framework_id,
        agent_id=record.agent_id,
        operation=operation_to_proto(record.operation),
        fence=record.fence,
    )


def _operation_from_proto(message: pb.SnapshotOperation) -> OperationRecord:
    return OperationRecord(
        FrameworkId(message.framework_id),
        AgentId(message.agent_id),
        operation_from_number(
            message.operation.type,
            resources_of(message.operation),
            OperationId(message.operation.id.value),
        ),
        message.fence,
    )


def _kill_from_proto(message: pb.SnapshotKillOrder) -> KillOrder:
    return KillOrder(message.grace_ms if message.HasField("grace_ms") else None)


def _report_from_proto(message: agent_link_pb2.StatusReport) -> StatusUpdate:
    return status_from_proto(
        message.status,
        FrameworkId(message.framework_id),
        sequence=message.sequence,
        fence=message.fence,
    )
