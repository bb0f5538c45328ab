"""Persistent volumes <-> the messages of ours that name them."""

from protos.trimast.v1 import agent_link_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.ids import fault_of_id
from trimast.model.volume import HeldVolume, VolumeRecord


def held_volume_to_proto(volume: HeldVolume) -> agent_link_pb2.HeldVolume:
    return agent_link_pb2.HeldVolume(
        role=volume.role, persistence_id=volume.persistence_id, fence=volume.fence
    )


def held_volume_from_proto(message: agent_link_pb2.HeldVolume) -> HeldVolume:
    """Raises BadMessage."""
    fault = fault_of_id(message.persistence_id)
    if fault is not None:
        raise BadMessage(f"persistence id: {fault}")
    # It becomes the name of a directory, with spaces for its slashes.
    fault = fault_of_id(message.role.replace("/", " "))
    if fault is not None:
        raise BadMessage(f"role of a volume: {fault}")
    return HeldVolume(message.role, message.persistence_id, message.fence)


def kept_volume_to_proto(record: VolumeRecord) -> agent_link_pb2.KeptVolume:
    return agent_link_pb2.KeptVolume(
        volume=held_volume_to_proto(record.volume), is_doomed=record.is_doomed
    )


def kept_volume_from_proto(message: agent_link_pb2.KeptVolume) -> VolumeRecord:
    """Raises BadMessage."""
    return VolumeRecord(held_volume_from_proto(message.volume), message.is_doomed)
