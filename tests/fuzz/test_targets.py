"""A short run of each target: sound examples, cut, with bits flipped, joined, and plain noise."""

import json
from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.checkpoints.journal_format import frame
from agent.checkpoints.record_codec import records_to_bytes
from agent.checkpoints.records import EpochSeen
from master.edge.registry_codec import command_to_bytes
from master.registry.commands import Command, ProveQuorum
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from replication.config import PeerAddress
from replication.engine import configuration_codec, entry, wal_records, wire
from replication.engine.messages import Append, Envelope
from replication.membership import Configuration, Member
from tests.fuzz.targets import TARGETS
from trimast.edge.recordio import to_record
from trimast.edge.wire.resources_codec import resources_to_proto
from trimast.model.resources_text import resources_from_text

RESOURCES: Final = "cpus:2.5;mem:1024;ports:[31000-32000,33000-33005];disks:{a,b}"


def a_json_call() -> bytes:
    task = {
        "name": "t",
        "task_id": {"value": "t"},
        "agent_id": {"value": "a"},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": "0.1"}}],
        "command": {"value": "true", "shell": "true"},
    }
    launch = {"type": "LAUNCH", "launch": {"task_infos": task}}
    accept = {"offer_ids": [{"value": "o"}], "operations": [launch]}
    call = {"type": "ACCEPT", "framework_id": {"value": "f"}, "accept": accept}
    return json.dumps(call).encode()


def a_call() -> bytes:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.ACKNOWLEDGE)
    call.framework_id.value = "f"
    call.acknowledge.agent_id.value = "a"
    call.acknowledge.task_id.value = "t"
    call.acknowledge.uuid = b"x" * 16
    return call.SerializeToString()


def an_offer() -> bytes:
    offer = mesos_pb2.Offer(hostname="h")
    offer.id.value = offer.framework_id.value = offer.agent_id.value = "x"
    for _ in range(2):
        offer.resources.extend(resources_to_proto(resources_from_text(RESOURCES)))
    return offer.SerializeToString()


def a_log_record() -> bytes:
    return wal_records.encode(
        wal_records.RecordKind.ENTRY,
        position=0,
        synced_position=0,
        index=2,
        term=1,
        payload=b"payload",
    )


MEMBERS: Final = Configuration(2, {"m1": Member("disk", PeerAddress("127.0.0.1", 5053))})
SOUND: Final[Mapping[str, bytes]] = {
    "json_scheduler_call": a_json_call(),
    "json_executor_call": b'{"type":"HEARTBEAT","executor_id":{"value":"e"}}',
    "json_master_call": b'{"type":"GET_STATE"}',
    "json_agent_call": b'{"type":"GET_CONTAINERS","get_containers":{"show_nested":"true"}}',
    "scheduler_call": a_call(),
    "recordio": to_record(b"one") + to_record(b"") + to_record(b"three" * 9),
    "resources_text": RESOURCES.encode(),
    "resource_arithmetic": an_offer(),
    "raft_frame": wire.encode(Envelope(3, 7, Append(9, 4, 2, 3, ((b"\x01entry", 5, 3),)))),
    "log_record": a_log_record(),
    "log_entry": entry.pack([b"one", b"", b"three"]),
    "configuration": configuration_codec.encode(MEMBERS),
    "registry_command": command_to_bytes(Command(1, 7, ProveQuorum())),
    "agent_journal": frame(records_to_bytes([EpochSeen(3)])) * 2,
    "agent_records": records_to_bytes([EpochSeen(3)]),
    "uri": b"https://example.org/a/b.tar.gz?x=1",
}


def test_every_target_has_a_sound_example() -> None:
    assert set(SOUND) == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_it_takes_a_sound_example_cut_anywhere(name: str) -> None:
    for end in range(len(SOUND[name]) + 1):
        TARGETS[name](SOUND[name][:end])


@pytest.mark.parametrize("name", TARGETS)
def test_it_takes_a_sound_example_with_any_bit_flipped(name: str) -> None:
    for at in range(8 * len(SOUND[name])):
        flipped = bytearray(SOUND[name])
        flipped[at // 8] ^= 1 << at % 8
        TARGETS[name](bytes(flipped))


@pytest.mark.parametrize("name", TARGETS)
def test_it_takes_anything(name: str) -> None:
    sound = SOUND[name]
    cuts = st.integers(0, len(sound))

    @settings(max_examples=150)
    @given(begin=cuts, end=cuts, between=st.binary(max_size=64))
    def takes(begin: int, end: int, between: bytes) -> None:
        TARGETS[name](sound[:begin] + between + sound[end:])

    takes()
