"""What is fed with any bytes, and all that it may answer.

A target returns for whatever it is given; what it raises is a bug.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Final

from google.protobuf.message import DecodeError, Message

from agent.checkpoints.journal_format import JournalDamagedError, read_frames
from agent.checkpoints.record_codec import UnreadableRecordError, records_from_bytes
from master.edge.registry_codec import command_from_bytes
from master.edge.scheduler_codec import event_from_call
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.agent import agent_pb2
from protos.mesos.v1.executor import executor_pb2
from protos.mesos.v1.master import master_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from replication.engine import configuration_codec, entry, wal_records, wire
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.mesos_json.writing import message_to_json
from trimast.edge.recordio import BadRecord, RecordReader, to_record
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.edge.wire.text_check import check_text
from trimast.model.resources import NOTHING
from trimast.model.resources_text import resources_from_text
from trimast.model.uri import Uri, fault_of_uri

Target = Callable[[bytes], None]
_STREAM: Final = StreamId(1)
_CUT_AT: Final = 7


def json_call(kind: type[Message]) -> Target:
    def target(data: bytes) -> None:
        with contextlib.suppress(BadMessage):
            written = message_to_json(message_from_json(data, kind))
            # What was read can be written, and is read as the same.
            assert message_to_json(message_from_json(written, kind)) == written

    return target


def scheduler_call(data: bytes) -> None:
    call = scheduler_pb2.Call()
    try:
        call.MergeFromString(data)
    except DecodeError:
        return
    with contextlib.suppress(BadMessage):
        check_text(call)
        event_from_call(_STREAM, call)


def recordio(data: bytes) -> None:
    """However it is cut, the same records."""
    whole, cut = RecordReader(bytes_max=1 << 20), RecordReader(bytes_max=1 << 20)
    found: list[bytes] = []
    try:
        records = whole.feed(data)
    except BadRecord:
        return
    for start in range(0, len(data), _CUT_AT):
        found += cut.feed(data[start : start + _CUT_AT])
    assert found == records
    assert [RecordReader().feed(to_record(each)) for each in records] == [[r] for r in records]


def resources_text(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        resources_from_text(data.decode("utf-8", "replace"))


def resource_arithmetic(data: bytes) -> None:
    """Two sums of resources: what is added can be taken away again, exactly."""
    offer = mesos_pb2.Offer()
    try:
        offer.MergeFromString(data)
    except DecodeError:
        return
    half = len(offer.resources) // 2
    try:
        check_text(offer)
        left = resources_from_proto(offer.resources[:half])
        right = resources_from_proto(offer.resources[half:])
    except BadMessage:
        return
    assert resources_from_proto(resources_to_proto(left)) == left
    assert left.covers(NOTHING)
    amounts, others = left.amounts, right.amounts
    assert (amounts + others) - others == amounts
    assert (amounts + others).covers(amounts)


def raft_frame(data: bytes) -> None:
    with contextlib.suppress(wire.MalformedFrame):
        wire.decode(data)


def log_record(data: bytes) -> None:
    found = wal_records.decode(data, 0, 0)
    if found is not None:
        _, end, _ = found
        assert wal_records.HEADER_BYTES <= end <= len(data)
    list(wal_records.synced_positions_after(data, 0, 0))


def log_entry(data: bytes) -> None:
    with contextlib.suppress(entry.EntryUnreadable):
        assert entry.pack(entry.unpack(data)) == data or not data
    with contextlib.suppress(entry.EntryUnreadable):
        entry.seal_in(data, 2, 1)


def configuration(data: bytes) -> None:
    with contextlib.suppress(configuration_codec.ConfigurationUnreadable):
        known = configuration_codec.decode(data)
        assert configuration_codec.decode(configuration_codec.encode(known)) == known


def registry_command(data: bytes) -> None:
    with contextlib.suppress(BadMessage):
        command_from_bytes(data)


def agent_journal(data: bytes) -> None:
    with contextlib.suppress(JournalDamagedError):
        payloads, end = read_frames(data)
        assert end <= len(data)
        for payload in payloads:
            agent_records(payload)


def agent_records(data: bytes) -> None:
    with contextlib.suppress(UnreadableRecordError):
        records_from_bytes(data)


def uri(data: bytes) -> None:
    fault_of_uri(Uri(data.decode("utf-8", "surrogateescape")))


TARGETS: Final[Mapping[str, Target]] = {
    "json_scheduler_call": json_call(scheduler_pb2.Call),
    "json_executor_call": json_call(executor_pb2.Call),
    "json_master_call": json_call(master_pb2.Call),
    "json_agent_call": json_call(agent_pb2.Call),
    "scheduler_call": scheduler_call,
    "recordio": recordio,
    "resources_text": resources_text,
    "resource_arithmetic": resource_arithmetic,
    "raft_frame": raft_frame,
    "log_record": log_record,
    "log_entry": log_entry,
    "configuration": configuration,
    "registry_command": registry_command,
    "agent_journal": agent_journal,
    "agent_records": agent_records,
    "uri": uri,
}
