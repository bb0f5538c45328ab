"""Reservations and volumes <-> the fields of mesos.v1.Resource that say so.

Read in both ways that Mesos has for a reservation, with `reservations` or with `role` and
`reservation`; written in both at once, so that every framework finds the one it knows.
"""

from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.model.framework import DEFAULT_ROLE
from trimast.model.resource_kind import Kind, VolumeName, fault_of_resource_name, kind_of

_DYNAMIC: Final = mesos_pb2.Resource.ReservationInfo.DYNAMIC
_KNOWN_OF_DISK: Final = {"persistence", "volume"}


def kind_from_proto(message: mesos_pb2.Resource) -> Kind:
    """Raises BadMessage."""
    fault = fault_of_resource_name(message.name)
    if fault is not None:
        raise BadMessage(f"resource {message.name!r} {fault}")
    volume = _volume(message) if message.HasField("disk") else None
    kind = _reserved_kind(message)
    if volume is None:
        return kind
    if not kind.role:
        raise BadMessage("Persistent volumes cannot be created from unreserved resources")
    return Kind(kind.name, kind.role, kind.principal, kind.labels, volume)


def put_kind(message: mesos_pb2.Resource, text: str) -> None:
    """Everything but the amount."""
    kind = kind_of(text)
    message.name = kind.name
    message.role = kind.role or DEFAULT_ROLE
    if not kind.role:
        return
    of = message.reservations.add(type=_DYNAMIC, role=kind.role)
    message.reservation.SetInParent()
    for reservation in (of, message.reservation):
        if kind.principal:
            reservation.principal = kind.principal
        if kind.labels:
            reservation.labels.CopyFrom(labels_to_proto(kind.labels))
    if kind.volume is not None:
        message.disk.persistence.id = kind.volume.persistence_id
        if kind.principal:
            message.disk.persistence.principal = kind.principal
        message.disk.volume.container_path = kind.volume.container_path
        message.disk.volume.mode = mesos_pb2.Volume.RW


def _reserved_kind(message: mesos_pb2.Resource) -> Kind:
    if len(message.reservations) > 1:
        raise BadMessage(f"resource {message.name!r}: refined reservations are not supported yet")
    if not message.reservations:
        return _as_before_refinement(message)
    reservation = message.reservations[0]
    role = reservation.role
    if reservation.type != _DYNAMIC:
        raise BadMessage(f"resource {message.name!r}: only DYNAMIC reservations are supported")
    if message.HasField("role") and message.role not in {role, DEFAULT_ROLE}:
        raise BadMessage(f"resource {message.name!r}: role and reservations name different roles")
    if not role or role == DEFAULT_ROLE:
        raise BadMessage(f"resource {message.name!r}: a reservation names a role, and not '*'")
    return _kind(message.name, role, reservation)


def _as_before_refinement(message: mesos_pb2.Resource) -> Kind:
    if not message.HasField("reservation"):
        # A role alone was a static reservation once. Agents make none, so it says nothing.
        return Kind(message.name)
    if not message.role or message.role == DEFAULT_ROLE:
        raise BadMessage(f"resource {message.name!r}: a reservation names a role, and not '*'")
    return _kind(message.name, message.role, message.reservation)


def _kind(name: str, role: str, of: mesos_pb2.Resource.ReservationInfo) -> Kind:
    labels = tuple(sorted(labels_from_proto(of.labels)))
    return Kind(name, role, of.principal, labels)


def _volume(message: mesos_pb2.Resource) -> VolumeName:
    disk = message.disk
    for field, _ in disk.ListFields():
        if field.name not in _KNOWN_OF_DISK:
            raise BadMessage(f"resource {message.name!r}: disk.{field.name} is not supported yet")
    if not disk.HasField("persistence") or not disk.HasField("volume"):
        raise BadMessage(
            f"resource {message.name!r}: a persistent volume has 'disk.persistence' and"
            " 'disk.volume'"
        )
    for field, _ in disk.volume.ListFields():
        if field.name not in {"container_path", "mode"}:
            raise BadMessage(f"Expecting 'disk.volume.{field.name}' to be unset")
    if disk.volume.mode != mesos_pb2.Volume.RW:
        raise BadMessage("Expecting 'disk.volume.mode' to be RW")
    return VolumeName(disk.persistence.id, disk.volume.container_path)
