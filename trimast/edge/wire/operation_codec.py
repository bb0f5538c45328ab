"""Operation <-> mesos.v1.Offer.Operation, as far as it is about reservations and volumes."""

from collections.abc import Iterable
from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.model.ids import OperationId, fault_of_id
from trimast.model.operation import Operation, OperationKind, fault_of_operation

_Message = mesos_pb2.Offer.Operation
_FROM_NUMBER: Final = {
    _Message.RESERVE: OperationKind.RESERVE,
    _Message.UNRESERVE: OperationKind.UNRESERVE,
    _Message.CREATE: OperationKind.CREATE,
    _Message.DESTROY: OperationKind.DESTROY,
}
_TO_NUMBER: Final = {kind: number for number, kind in _FROM_NUMBER.items()}


class UnsupportedOperation(BadMessage):
    """Of a kind, or asked for in a way, that is not there yet."""


def operation_from_proto(message: _Message) -> Operation:
    """
    Raises:
        UnsupportedOperation: nobody knows how to do that.
        BadMessage: it cannot be done by anybody.
    """
    if message.type not in _FROM_NUMBER:
        kind = _Message.Type.Name(message.type)
        raise UnsupportedOperation(f"{kind} operations are not supported yet")
    return _checked(operation_from_number(message.type, resources_of(message), _id_of(message)))


def operation_to_proto(operation: Operation) -> _Message:
    message = _Message(type=_TO_NUMBER[operation.kind])
    if operation.operation_id is not None:
        message.id.value = operation.operation_id
    resources = resources_to_proto(operation.resources)
    match operation.kind:
        case OperationKind.RESERVE:
            message.reserve.resources.extend(resources)
        case OperationKind.UNRESERVE:
            message.unreserve.resources.extend(resources)
        case OperationKind.CREATE:
            message.create.volumes.extend(resources)
        case OperationKind.DESTROY:
            message.destroy.volumes.extend(resources)
    return message


def resources_of(message: _Message) -> Iterable[mesos_pb2.Resource]:
    """What it is about, whatever it is called."""
    if message.type == _Message.RESERVE:
        return message.reserve.resources
    if message.type == _Message.UNRESERVE:
        return message.unreserve.resources
    if message.type == _Message.CREATE:
        return message.create.volumes
    return message.destroy.volumes


def operation_from_number(
    number: int, resources: Iterable[mesos_pb2.Resource], operation_id: OperationId | None = None
) -> Operation:
    """As the log has it. Raises BadMessage."""
    kinds = {int(known): kind for known, kind in _FROM_NUMBER.items()}
    if number not in kinds:
        raise BadMessage(f"operation {number} is not known")
    return Operation(kinds[number], resources_from_proto(resources), operation_id)


def _id_of(message: _Message) -> OperationId | None:
    if not message.HasField("id"):
        return None
    fault = fault_of_id(message.id.value)
    if fault is not None:
        raise BadMessage(f"Operation has invalid ID: {fault}")
    return OperationId(message.id.value)


def _checked(operation: Operation) -> Operation:
    fault = fault_of_operation(operation)
    if fault is not None:
        raise BadMessage(fault)
    return operation
