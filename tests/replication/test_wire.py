"""What is sent arrives as it was; what no replica sends is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.trimast.v1 import raft_link_pb2 as pb
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
from replication.engine.wire import (
    MalformedFrame,
    decode,
    encode,
    encode_news,
    get_standing,
    put_standing,
)
from replication.membership import Configuration
from tests.replication.test_configuration_codec import configurations

numbers = st.integers(min_value=1, max_value=2**62 - 1)
bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(Matched, numbers),
    st.builds(Retry, numbers),
    st.builds(Heartbeat, numbers),
    st.just(HeartbeatAnswer()),
    st.builds(VoteRequest, numbers, numbers, st.booleans()),
    st.just(Vote()),
    st.builds(PreVoteRequest, numbers, numbers, numbers),
    st.builds(PreVote, numbers),
    st.just(Stale()),
    st.builds(SnapshotProgress, st.integers(0, 2**32 - 1), numbers, st.booleans()),
    st.just(StandNow()),
    st.builds(
        StateDigest, st.integers(2, 2**62 - 1), st.binary(min_size=1, max_size=64), st.just("1.0")
    ),
)


@given(term=numbers, echo=numbers, body=bodies)
def test_round_trip(term: int, echo: int, body: Body) -> None:
    assert decode(encode(Envelope(term, echo, body))) == Envelope(term, echo, body)


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3)), max_size=8), st.integers(1, 99)
)
def test_entries_keep_index_term_and_payload(steps: list[tuple[bytes, int]], prev: int) -> None:
    term = 4
    entries = []
    for index, (payload, step) in enumerate(steps, prev + 1):
        term += step
        entries.append((b"\x01" + payload, index, term))
    envelope = Envelope(term, 0, Append(9, prev, 4, 1, tuple(entries)))
    assert decode(encode(envelope)) == envelope


@given(st.integers(2, 99), st.integers(0, 4), st.integers(0, 99), st.binary(max_size=99))
def test_a_part_of_a_snapshot_arrives_as_it_was(
    index: int, term: int, start: int, data: bytes
) -> None:
    snapshot = SnapshotInfo(index, term, 200, 2**32 - 1)
    envelope = Envelope(4, 0, SnapshotPart(9, snapshot, start, data))
    assert decode(encode(envelope)) == envelope


@pytest.mark.parametrize(
    "part",
    [
        SnapshotPart(9, SnapshotInfo(1, 1, 10, 0), 0, b""),
        SnapshotPart(9, SnapshotInfo(2, 5, 10, 0), 0, b""),
        SnapshotPart(9, SnapshotInfo(2, 1, 10, 0), 8, b"abc"),
        SnapshotPart(0, SnapshotInfo(2, 1, 10, 0), 0, b"abc"),
    ],
)
def test_a_part_that_cannot_be_is_refused(part: SnapshotPart) -> None:
    with pytest.raises(MalformedFrame):
        decode(encode(Envelope(4, 0, part)))


@pytest.mark.parametrize(
    "told",
    [
        StateDigest(1, b"x", ""),
        StateDigest(2, b"", ""),
        StateDigest(2, bytes(65), ""),
        StateDigest(2, b"x", "1" * 65),
    ],
)
def test_a_digest_that_cannot_be_is_refused(told: StateDigest) -> None:
    with pytest.raises(MalformedFrame):
        decode(encode(Envelope(4, 0, told)))


@given(st.binary(max_size=200))
@settings(max_examples=500)
def test_garbage_is_malformed_or_a_message(data: bytes) -> None:
    try:
        message = decode(data)
    except MalformedFrame:
        return
    assert isinstance(message, (Envelope, ConfigurationNews, DiskNews))


def test_every_cut_of_a_frame_is_malformed_or_an_envelope() -> None:
    entries = ((b"\x01one", 3, 4), (b"\x01two", 4, 5))
    frame = encode(Envelope(5, 6, Append(9, 2, 4, 1, entries)))
    for size_bytes in range(len(frame)):
        with pytest.raises(MalformedFrame):
            decode(frame[:size_bytes])


def append(**fields: object) -> bytes:
    values = {"sequence": 1, "prev_index": 5, "prev_term": 2, "commit_index": 1, **fields}
    envelope = pb.RaftEnvelope(term=3, append=pb.RaftAppend(**values))  # type: ignore[arg-type]
    return pb.RaftFrame(envelope=envelope).SerializeToString()


def test_an_append_must_build_on_an_entry() -> None:
    """N1: a message that proves nothing about the log cannot be said at all."""
    decode(append())
    with pytest.raises(MalformedFrame):
        decode(append(prev_index=0))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        append(sequence=0),
        append(commit_index=0),
        append(prev_index=2**62),
        append(prev_term=4),
        append(entries=[pb.RaftEntry(term=1)]),
        append(entries=[pb.RaftEntry(term=4)]),
        append(entries=[pb.RaftEntry(term=3), pb.RaftEntry(term=2)]),
        pb.RaftFrame(envelope=pb.RaftEnvelope(term=1)).SerializeToString(),
        pb.RaftFrame(envelope=pb.RaftEnvelope(term=2**63, stale={})).SerializeToString(),  # type: ignore[arg-type]
        pb.RaftFrame(welcome=pb.RaftWelcome()).SerializeToString(),
    ],
)
def test_what_no_replica_says_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(frame)


standings = st.builds(
    Standing,
    configuration=st.integers(0, 2**62 - 1),
    disk_id=st.text(max_size=40),
    life=numbers,
    incarnation=st.integers(0, 2**62 - 1),
    term=st.integers(0, 2**62 - 1),
    voted_for=st.text(max_size=40),
    last_index=st.integers(0, 2**62 - 1),
)


@given(standings)
def test_a_standing_arrives_as_it_was(standing: Standing) -> None:
    data = put_standing(standing).SerializeToString()
    assert get_standing(pb.RaftStanding.FromString(data)) == standing


@pytest.mark.parametrize(
    "fields", [{"life": 0}, {"life": 2**62}, {"configuration": 2**62}, {"term": 2**63}]
)
def test_a_standing_that_cannot_be_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(MalformedFrame):
        get_standing(pb.RaftStanding(**{"life": 1, **fields}))  # type: ignore[arg-type]


@given(configurations)
def test_news_of_a_configuration_arrive_as_they_were(configuration: Configuration) -> None:
    assert decode(encode_news(ConfigurationNews(configuration))) == ConfigurationNews(configuration)


@given(st.text(max_size=40), numbers)
def test_news_of_a_disk_arrive_as_they_were(disk_id: str, life: int) -> None:
    assert decode(encode_news(DiskNews(disk_id, life))) == DiskNews(disk_id, life)


@pytest.mark.parametrize(
    "frame",
    [
        pb.RaftFrame(disk_news=pb.RaftDiskNews(disk_id="d")),
        pb.RaftFrame(configuration_news=pb.RaftConfigurationNews()),
        pb.RaftFrame(configuration_news=pb.RaftConfigurationNews(configuration=b"{}")),
        pb.RaftFrame(configuration_news=pb.RaftConfigurationNews(configuration=b"\xff")),
    ],
)
def test_news_that_cannot_be_are_malformed(frame: pb.RaftFrame) -> None:
    with pytest.raises(MalformedFrame):
        decode(frame.SerializeToString())
