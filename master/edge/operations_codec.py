"""What frameworks say of operations -> the leader's events."""

from master.leader.events import (
    InvalidGroup,
    InvalidOperation,
    InvalidTask,
    OperationAcknowledged,
    OperationsAsked,
    Step,
)
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.operation_codec import UnsupportedOperation, operation_from_proto
from trimast.edge.wire.status_codec import UUID_BYTES
from trimast.model.ids import AgentId, OperationId, TaskId
from trimast.model.operation import Operation

_Operation = mesos_pb2.Offer.Operation


def operation_or_fault(message: _Operation) -> Operation | InvalidOperation:
    """Raises UnsupportedOperation."""
    try:
        return operation_from_proto(message)
    except UnsupportedOperation:
        raise
    except BadMessage as error:
        operation_id = OperationId(message.id.value) if message.id.value else None
        return InvalidOperation(_Operation.Type.Name(message.type), str(error), operation_id)


def launches_with_an_id(message: _Operation) -> list[Step]:
    """What becomes of tasks is told by their statuses, and of nothing else."""
    kind = _Operation.Type.Name(message.type)
    fault = f"The 'id' field is set, but {kind} operations give no feedback"
    if message.type == _Operation.LAUNCH_GROUP:
        tasks = message.launch_group.task_group.tasks
        return [InvalidGroup(tuple(TaskId(task.task_id.value) for task in tasks), fault)]
    tasks = message.launch.task_infos
    return [InvalidTask(TaskId(task.task_id.value), fault) for task in tasks]


def operation_acknowledged(
    stream_id: StreamId, message: scheduler_pb2.Call.AcknowledgeOperationStatus
) -> OperationAcknowledged:
    """Raises BadMessage."""
    if len(message.uuid) != UUID_BYTES:
        raise BadMessage(f"Not a valid UUID: it has {len(message.uuid)} bytes, not 16")
    if not message.agent_id.value:
        raise BadMessage("Expecting 'agent_id' to be present")
    operation_id = OperationId(message.operation_id.value)
    return OperationAcknowledged(stream_id, operation_id, message.uuid)


def operations_asked(
    stream_id: StreamId, message: scheduler_pb2.Call.ReconcileOperations
) -> OperationsAsked:
    asked = (
        (
            OperationId(each.operation_id.value),
            AgentId(each.agent_id.value) if each.agent_id.value else None,
        )
        for each in message.operations
    )
    return OperationsAsked(stream_id, tuple(asked))
