"""Envelopes to protobuf and back. What does not fit the schema, exactly, is malformed (S8)."""

from typing import Final, assert_never

from google.protobuf.message import DecodeError

from protos.trimast.v1 import raft_link_pb2 as pb
from replication.config import STATE_FORMAT_CHARS_MAX
from replication.engine import configuration_codec, pinned
from replication.engine.messages import (
    Append,
    Body,
    ConfigurationNews,
    DiskNews,
    Envelope,
    Heartbeat,
    HeartbeatAnswer,
    Matched,
    PreVote,
    PreVoteRequest,
    Retry,
    SnapshotPart,
    SnapshotProgress,
    Stale,
    Standing,
    StandNow,
    StateDigest,
    Vote,
    VoteRequest,
)
from replication.engine.snapshot_file import SnapshotInfo

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
NUMBER_MAX: Final = 2**62
_DIGEST_BYTES_MAX: Final = 64
_TYPE_BYTE: Final = bytes((pinned.NO_OP,))


class MalformedFrame(Exception):
    """These bytes are not what a replica of this protocol sends."""


def parse_frame(data: bytes) -> pb.RaftFrame:
    try:
        return pb.RaftFrame.FromString(data)
    except DecodeError as error:
        raise MalformedFrame(str(error)) from error


def encode(envelope: Envelope) -> bytes:
    """The bytes of one frame, without its length."""
    frame = pb.RaftFrame()
    frame.envelope.term = envelope.term
    frame.envelope.echo = envelope.echo
    _put_body(frame.envelope, envelope.body)
    return frame.SerializeToString()


def decode(data: bytes) -> Envelope | ConfigurationNews | DiskNews:
    frame = parse_frame(data)
    match frame.WhichOneof("content"):
        case "envelope":
            return open_envelope(frame.envelope)
        case "configuration_news":
            try:
                news = configuration_codec.decode(frame.configuration_news.configuration)
            except configuration_codec.ConfigurationUnreadable as error:
                raise MalformedFrame(str(error)) from error
            return ConfigurationNews(news)
        case "disk_news":
            return DiskNews(frame.disk_news.disk_id, _check_number(frame.disk_news.life, 1))
        case other:
            raise MalformedFrame(f"{other} in an open session")


def encode_news(news: ConfigurationNews | DiskNews) -> bytes:
    """The bytes of one frame, without its length."""
    frame = pb.RaftFrame()
    if isinstance(news, ConfigurationNews):
        text = configuration_codec.encode(news.configuration)
        frame.configuration_news.configuration = text
    else:
        frame.disk_news.disk_id = news.disk_id
        frame.disk_news.life = news.life
    return frame.SerializeToString()


def put_standing(standing: Standing) -> pb.RaftStanding:
    return pb.RaftStanding(
        configuration=standing.configuration,
        disk_id=standing.disk_id,
        life=standing.life,
        incarnation=standing.incarnation,
        term=standing.term,
        voted_for=standing.voted_for,
        last_index=standing.last_index,
    )


def get_standing(wire: pb.RaftStanding) -> Standing:
    return Standing(
        _check_number(wire.configuration, 0),
        wire.disk_id,
        _check_number(wire.life, 1),
        wire.incarnation,
        _check_number(wire.term, 0),
        wire.voted_for,
        _check_number(wire.last_index, 0),
    )


def open_envelope(wire: pb.RaftEnvelope) -> Envelope:
    _check_number(wire.term, 0)
    _check_number(wire.echo, 0)
    return Envelope(wire.term, wire.echo, _get_body(wire))


def _put_body(wire: pb.RaftEnvelope, body: Body) -> None:
    match body:
        case Append():
            append = wire.append
            append.sequence = body.sequence
            append.prev_index = body.prev_index
            append.prev_term = body.prev_term
            append.commit_index = body.commit_index
            for command, _, term in body.entries:
                append.entries.add(term=term, payload=command[1:])
        case Matched():
            wire.append_answer.matched_below = body.matched_below
        case Retry():
            wire.append_answer.retry_from = body.retry_from
        case Heartbeat():
            wire.heartbeat.sequence = body.sequence
        case HeartbeatAnswer():
            wire.heartbeat_answer.SetInParent()
        case VoteRequest():
            wire.vote_request.last_index = body.last_index
            wire.vote_request.last_term = body.last_term
            wire.vote_request.leader_agrees = body.leader_agrees
        case Vote():
            wire.vote.SetInParent()
        case PreVoteRequest():
            wire.pre_vote_request.proposed_term = body.proposed_term
            wire.pre_vote_request.last_index = body.last_index
            wire.pre_vote_request.last_term = body.last_term
        case PreVote():
            wire.pre_vote.proposed_term = body.proposed_term
        case Stale():
            wire.stale.SetInParent()
        case SnapshotPart():
            part, snapshot = wire.snapshot_part, body.snapshot
            part.sequence = body.sequence
            part.index = snapshot.index
            part.term = snapshot.term
            part.size_bytes = snapshot.size_bytes
            part.checksum = snapshot.checksum
            part.start = body.start
            part.data = body.data
        case SnapshotProgress():
            wire.snapshot_progress.checksum = body.checksum
            wire.snapshot_progress.received_bytes = body.received_bytes
            wire.snapshot_progress.go_on_here = body.go_on_here
        case StandNow():
            wire.stand_now.SetInParent()
        case StateDigest():
            wire.state_digest.index = body.index
            wire.state_digest.digest = body.digest
            wire.state_digest.state_format = body.state_format
        case _:
            assert_never(body)


def _get_body(wire: pb.RaftEnvelope) -> Body:
    match wire.WhichOneof("body"):
        case "append":
            return _get_append(wire.append, wire.term)
        case "append_answer":
            return _get_answer(wire.append_answer)
        case "heartbeat":
            return Heartbeat(_check_number(wire.heartbeat.sequence, 1))
        case "heartbeat_answer":
            return HeartbeatAnswer()
        case "vote_request":
            request = wire.vote_request
            return VoteRequest(
                _check_number(request.last_index, 1),
                _check_number(request.last_term, 0),
                request.leader_agrees,
            )
        case "vote":
            return Vote()
        case "pre_vote_request":
            asked = wire.pre_vote_request
            return PreVoteRequest(
                _check_number(asked.proposed_term, 1),
                _check_number(asked.last_index, 1),
                _check_number(asked.last_term, 0),
            )
        case "pre_vote":
            return PreVote(_check_number(wire.pre_vote.proposed_term, 1))
        case "stale":
            return Stale()
        case "snapshot_part":
            return _get_snapshot_part(wire.snapshot_part, wire.term)
        case "snapshot_progress":
            progress = wire.snapshot_progress
            return SnapshotProgress(
                progress.checksum,
                _check_number(progress.received_bytes, 0),
                progress.go_on_here,
            )
        case "stand_now":
            return StandNow()
        case "state_digest":
            return _get_state_digest(wire.state_digest)
        case other:
            raise MalformedFrame(f"body {other}")


def _get_append(append: pb.RaftAppend, leader_term: int) -> Append:
    prev_index = _check_number(append.prev_index, 1)
    term = _check_number(append.prev_term, 0)
    entries: list[tuple[bytes, int, int]] = []
    for index, entry in enumerate(append.entries, prev_index + 1):
        if not term <= entry.term <= leader_term:
            raise MalformedFrame(f"entry {index} of term {entry.term} after one of term {term}")
        term = entry.term
        # Other kinds of entries have no form on the wire: nothing that would be unpickled (S8),
        # no membership (S9), no code version (S7c).
        entries.append((_TYPE_BYTE + entry.payload, index, term))
    if term > leader_term:
        raise MalformedFrame(f"an entry of term {term} before its leader's term {leader_term}")
    return Append(
        _check_number(append.sequence, 1),
        prev_index,
        append.prev_term,
        _check_number(append.commit_index, 1),
        tuple(entries),
    )


def _get_snapshot_part(part: pb.RaftSnapshotPart, leader_term: int) -> SnapshotPart:
    size_bytes = _check_number(part.size_bytes, 1)
    start = _check_number(part.start, 0)
    if part.term > leader_term or start + len(part.data) > size_bytes:
        raise MalformedFrame(f"bytes from {start} on of {size_bytes}, term {part.term}")
    snapshot = SnapshotInfo(_check_number(part.index, 2), part.term, size_bytes, part.checksum)
    return SnapshotPart(_check_number(part.sequence, 1), snapshot, start, part.data)


def _get_state_digest(told: pb.RaftStateDigest) -> StateDigest:
    if not 1 <= len(told.digest) <= _DIGEST_BYTES_MAX:
        raise MalformedFrame(f"a digest of {len(told.digest)} bytes")
    if len(told.state_format) > STATE_FORMAT_CHARS_MAX:
        raise MalformedFrame(f"a state format of {len(told.state_format)} characters")
    return StateDigest(_check_number(told.index, 2), told.digest, told.state_format)


def _get_answer(answer: pb.RaftAppendAnswer) -> Matched | Retry:
    match answer.WhichOneof("answer"):
        case "matched_below":
            return Matched(_check_number(answer.matched_below, 1))
        case "retry_from":
            return Retry(_check_number(answer.retry_from, 1))
        case other:
            raise MalformedFrame(f"answer {other}")


def _check_number(number: int, least: int) -> int:
    if not least <= number < NUMBER_MAX:
        raise MalformedFrame(f"{number} is out of bounds")
    return number
