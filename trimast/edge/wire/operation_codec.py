"""Operation <-> mesos.v1.Offer.Operation, as far as it is about reservations and volumes."""

from collections.abc import Iterable
from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
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
        UnsupportedOperation: also for one with an id: nobody would report how it went.
        BadMessage: it cannot be done by anybody.
    """
    if message.type not in _FROM_NUMBER:
        kind = _Message.Type.Name(message.type)
        raise UnsupportedOperation(f"{kind} operations are not supported yet")
    if message.HasField("id"):
        raise UnsupportedOperation("Operation feedback is not supported yet: leave out 'id'")
    return _checked(operation_from_number(message.type, resources_of(message)))


def operation_to_proto(operation: Operation) -> _Message:
    message = _Message(type=_TO_NUMBER[operation.kind])
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


def operation_from_number(number: int, resources: Iterable[mesos_pb2.Resource]) -> Operation:
    """As the log has it. Raises BadMessage."""
    kinds = {int(known): kind for known, kind in _FROM_NUMBER.items()}
    if number not in kinds:
        raise BadMessage(f"operation {number} is not known")
    return Operation(kinds[number], resources_from_proto(resources))


def _checked(operation: Operation) -> Operation:
    fault = fault_of_operation(operation)
    if fault is not None:
        raise BadMessage(fault)
    return operation
