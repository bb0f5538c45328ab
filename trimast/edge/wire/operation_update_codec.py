"""OperationUpdate <-> mesos.v1.OperationStatus."""

from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.operation_update import OperationState, OperationUpdate

_TO_PROTO: Final = {
    state: mesos_pb2.OperationState.Value(f"OPERATION_{state.name}") for state in OperationState
}
_FROM_PROTO: Final = {number: state for state, number in _TO_PROTO.items()}


def operation_update_to_proto(update: OperationUpdate) -> mesos_pb2.OperationStatus:
    message = mesos_pb2.OperationStatus(
        operation_id=mesos_pb2.OperationID(value=update.operation_id),
        state=_TO_PROTO[update.state],
        converted_resources=resources_to_proto(update.converted),
    )
    if update.message:
        message.message = update.message
    if update.uuid:
        message.uuid.value = update.uuid
    if update.agent_id:
        message.agent_id.value = update.agent_id
    return message


def operation_update_from_proto(
    message: mesos_pb2.OperationStatus, framework_id: FrameworkId
) -> OperationUpdate:
    """Raises BadMessage: its resources are none."""
    return OperationUpdate(
        framework_id=framework_id,
        operation_id=OperationId(message.operation_id.value),
        agent_id=AgentId(message.agent_id.value),
        state=_FROM_PROTO[message.state],
        message=message.message,
        converted=resources_from_proto(message.converted_resources),
        uuid=message.uuid.value,
    )
