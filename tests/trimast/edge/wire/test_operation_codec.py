import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.operation_codec import (
    operation_from_number,
    operation_from_proto,
    operation_to_proto,
)
from trimast.framework.reserving import create_volume, destroy_volumes, reserve, tracked, unreserve
from trimast.model.operation import Operation

VOLUME = create_volume("db", "files", "data", disk_mib=64, principal="me")


@pytest.mark.parametrize(
    "operation",
    [
        reserve("db", cpus=1, principal="me"),
        unreserve(reserve("db", cpus=1).resources),
        VOLUME,
        destroy_volumes(VOLUME.resources),
        tracked(VOLUME, "op-1"),
    ],
    ids=lambda each: f"{each.kind} {each.operation_id}",
)
def test_what_goes_out_comes_back(operation: Operation) -> None:
    assert operation_from_proto(operation_to_proto(operation)) == operation


def test_what_cannot_be_is_named() -> None:
    message = operation_to_proto(create_volume("db", "files", "../data", disk_mib=64))
    with pytest.raises(BadMessage, match="relative to the sandbox"):
        operation_from_proto(message)
    with pytest.raises(BadMessage, match="Operation has invalid ID: an id has no slash"):
        operation_from_proto(operation_to_proto(tracked(VOLUME, "a/b")))
    with pytest.raises(BadMessage, match="operation 99 is not known"):
        operation_from_number(99, ())
    grow = mesos_pb2.Offer.Operation(type=mesos_pb2.Offer.Operation.GROW_VOLUME)
    with pytest.raises(BadMessage, match="GROW_VOLUME operations are not supported yet"):
        operation_from_proto(grow)
