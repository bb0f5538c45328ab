"""What replicas say to each other, as values. The wire's schema is their only other form."""

from dataclasses import dataclass

from replication.engine.snapshot_file import SnapshotInfo
from replication.membership import Configuration


@dataclass(frozen=True, slots=True)
class Standing:
    """What a replica is when a session with it begins.

    Attributes:
        configuration: number of the newest that it knows; 0: none.
        disk_id: of its data directory.
        life: counts the starts from that directory.
        incarnation: random, of this start.
        term, voted_for: the vote given in that term; "" if none was.
        last_index: of the last entry on its disk.
    """

    configuration: int
    disk_id: str
    life: int
    incarnation: int
    term: int = 0
    voted_for: str = ""
    last_index: int = 0


@dataclass(frozen=True, slots=True)
class ConfigurationNews:
    """To a replica that knows an older configuration, or none."""

    configuration: Configuration


@dataclass(frozen=True, slots=True)
class DiskNews:
    """To a replica whose disk was seen in a later life: what it is started from is an old copy."""

    disk_id: str
    life: int


@dataclass(frozen=True, slots=True)
class Append:
    """From the leader.

    Attributes:
        sequence: microseconds of the sender's clock when it was sent, always growing. An answer
            echoes it, and so proves how lately the other side heard this one.
        entries: commands with their type byte, index, term; from prev_index + 1 on.
    """

    sequence: int
    prev_index: int
    prev_term: int
    commit_index: int
    entries: tuple[tuple[bytes, int, int], ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """All below this index equals the leader's log, and is on the sender's disk."""

    matched_below: int


@dataclass(frozen=True, slots=True)
class Retry:
    """What the append built upon is not here: send from this index on."""

    retry_from: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    sequence: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    pass


@dataclass(frozen=True, slots=True)
class VoteRequest:
    """Attributes:
    leader_agrees: the leader of the term before has asked the sender to stand.
    """

    last_index: int
    last_term: int
    leader_agrees: bool = False


@dataclass(frozen=True, slots=True)
class Vote:
    pass


@dataclass(frozen=True, slots=True)
class PreVoteRequest:
    """Would you vote for me in this term? Changes nothing where it arrives."""

    proposed_term: int
    last_index: int
    last_term: int


@dataclass(frozen=True, slots=True)
class PreVote:
    proposed_term: int


@dataclass(frozen=True, slots=True)
class Stale:
    """What you sent belongs to an older term than the envelope's."""


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """From the leader: a piece of a snapshot file, or an offer of it if `data` is empty.

    Attributes:
        snapshot: which one; what the whole must prove to be.
        start: of `data` in the file.
    """

    sequence: int
    snapshot: SnapshotInfo
    start: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """How much of a snapshot is here, from its beginning.

    Attributes:
        checksum: of the snapshot.
        go_on_here: what was sent does not follow on it: send from `received_bytes` on. The answer
            to every offer.
    """

    checksum: int
    received_bytes: int
    go_on_here: bool


@dataclass(frozen=True, slots=True)
class StandNow:
    """From the leader: you have all of my log, stand for election at once."""


@dataclass(frozen=True, slots=True)
class StateDigest:
    """From any replica to all: what a state machine's snapshot after this entry hashes to.

    Attributes:
        state_format: digests are compared only with those of the same.
    """

    index: int
    digest: bytes
    state_format: str


Body = (
    Append
    | Matched
    | Retry
    | Heartbeat
    | HeartbeatAnswer
    | VoteRequest
    | Vote
    | PreVoteRequest
    | PreVote
    | Stale
    | SnapshotPart
    | SnapshotProgress
    | StandNow
    | StateDigest
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Attributes:
    term: the sender's, when it was sent (S1).
    echo: sequence of what this answers; 0 if it answers nothing.
    """

    term: int
    echo: int
    body: Body
