"""Reservations and volumes on the wire, in both ways that Mesos has for them."""

from dataclasses import replace

import pytest
from hypothesis import given

from protos.mesos.v1 import mesos_pb2
from tests.trimast.model.test_resource_kind import kinds
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resource_kind_codec import kind_from_proto, put_kind
from trimast.model.resource_kind import Kind, VolumeName

VOLUME = Kind("disk", "db", "me", (("k", "v"),), VolumeName("files", "data"))


def message_of(kind: Kind) -> mesos_pb2.Resource:
    message = mesos_pb2.Resource(type=mesos_pb2.Value.SCALAR)
    put_kind(message, kind.text)
    return message


@given(kinds)
def test_what_goes_out_comes_back(kind: Kind) -> None:
    assert kind_from_proto(message_of(kind)) == kind


def test_either_way_of_naming_a_reservation_is_understood() -> None:
    old, new = message_of(VOLUME), message_of(VOLUME)
    old.ClearField("reservations")
    new.ClearField("reservation")
    new.ClearField("role")
    assert kind_from_proto(old) == kind_from_proto(new) == VOLUME


def test_a_role_alone_says_nothing() -> None:
    message = mesos_pb2.Resource(name="cpus", type=mesos_pb2.Value.SCALAR, role="db")
    assert kind_from_proto(message) == Kind("cpus")


def faulty(**changes: str) -> mesos_pb2.Resource:
    message = message_of(VOLUME)
    for name, what in changes.items():
        match name:
            case "role":
                message.role = what
            case "name":
                message.name = what
            case _:
                message.disk.volume.host_path = what
    return message


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (faulty(role="web"), "different roles"),
        (faulty(name="disk(db)"), "a name must not have"),
        (faulty(host_path="/etc"), "Expecting 'disk.volume.host_path' to be unset"),
    ],
)
def test_what_cannot_be_is_named(message: mesos_pb2.Resource, fault: str) -> None:
    with pytest.raises(BadMessage, match=fault):
        kind_from_proto(message)


def test_what_is_not_built_is_refused_by_name() -> None:
    refined = message_of(replace(VOLUME, volume=None))
    refined.reservations.add(type=mesos_pb2.Resource.ReservationInfo.DYNAMIC, role="db/a")
    with pytest.raises(BadMessage, match="refined reservations are not supported yet"):
        kind_from_proto(refined)
    unreserved = mesos_pb2.Resource(name="disk", type=mesos_pb2.Value.SCALAR)
    unreserved.disk.persistence.id = "x"
    with pytest.raises(BadMessage, match=r"'disk.persistence' and 'disk.volume'"):
        kind_from_proto(unreserved)
    unreserved.disk.volume.container_path = "x"
    unreserved.disk.volume.mode = mesos_pb2.Volume.RW
    with pytest.raises(BadMessage, match="cannot be created from unreserved"):
        kind_from_proto(unreserved)
