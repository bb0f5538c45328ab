"""The contract of a replicated log: what success, refusal and silence mean to a proposer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from replication.membership import ChangeListener, MembershipChange, MembershipStatus


@dataclass(frozen=True, slots=True)
class Committed:
    """On stable storage of a quorum, and applied here. It can no longer be lost.

    Attributes:
        index: position in the log.
        result: what the state machine answered.
    """

    index: int
    result: object


class RefusalCause(StrEnum):
    """DISK_FULL: the leader has too little space left. Reads go on."""

    NOT_LEADING = "not_leading"
    TOO_LARGE = "too_large"
    OVERLOADED = "overloaded"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, slots=True)
class ProposalRefused:
    """Certain never to be committed."""

    cause: RefusalCause


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Leadership was lost, or the time for an answer was up: it may be committed or not.

    Propose it again only if committing it twice does no harm.
    """


ProposalOutcome = Committed | ProposalRefused | OutcomeUnknown
OutcomeListener = Callable[[ProposalOutcome], None]


class TransferOutcome(StrEnum):
    """What became of handing leadership over.

    HANDED_OVER: another replica leads, and this one has heard it.
    NOT_IN_TIME: nobody was heard to take over within one election timeout. If this replica could
        go on leading, it does.
    UNKNOWN_REPLICA: no other replica has this id.
    OUT_OF_REACH: there is no session with the replica that should take over, or with none at all.
    """

    HANDED_OVER = "handed_over"
    NOT_LEADING = "not_leading"
    UNKNOWN_REPLICA = "unknown_replica"
    OUT_OF_REACH = "out_of_reach"
    UNDER_WAY = "under_way"
    NOT_IN_TIME = "not_in_time"


TransferListener = Callable[[TransferOutcome], None]


@dataclass(frozen=True, slots=True)
class ReadReady:
    """The state here holds all that was acknowledged anywhere before the read was asked for.

    Attributes:
        index: of the last entry applied here.
    """

    index: int


class ReadRefusalCause(StrEnum):
    """NOT_IN_TIME: no quorum said in time that this replica leads."""

    NOT_LEADING = "not_leading"
    OVERLOADED = "overloaded"
    NOT_IN_TIME = "not_in_time"


@dataclass(frozen=True, slots=True)
class ReadRefused:
    """Nothing is known of how old the state here is."""

    cause: ReadRefusalCause


ReadOutcome = ReadReady | ReadRefused
ReadListener = Callable[[ReadOutcome], None]


@dataclass(frozen=True, slots=True)
class LogStatus:
    """Where one replica stands. All indexes count entries from 1.

    Attributes:
        leader_id: who leads, as far as this replica knows; None while nobody does.
        leading: this replica leads, has a quorum, and has applied all that was committed before.
        entries_committed, commands_committed: counted since this process started.
        last_index: of the last entry in this replica's log, committed or not.
    """

    replica_id: str
    leader_id: str | None
    leading: bool
    term: int
    commit_index: int
    applied_index: int
    last_index: int
    entries_committed: int
    commands_committed: int


class LeadershipListener(Protocol):
    """Hears of this replica's own leadership, in the turn in which it changes."""

    def leadership_gained(self, term: int) -> None:
        """An entry of this term is committed and applied here: the state is current."""

    def leadership_lost(self, term: int) -> None:
        """Every proposal still open has been answered before this: with `OutcomeUnknown`, or as
        refused if it was held back while leadership was handed over."""


class ReplicatedLog(Protocol):
    """One replica of the log. All calls belong to the event loop it was started on."""

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        """Ask for one command to be committed.

        Proposals made in one turn of the loop travel as one entry, up to a size. `on_outcome` is
        called exactly once, never from within this call: right after the command was applied here
        (and before the next one is), or when it is refused or given up. A replica that has come
        to its fatal end calls nobody any more.
        """

    def read(self, on_outcome: ReadListener) -> None:
        """Ask when the state here may be read as if there were only one copy of it.

        `on_outcome` is called exactly once, never from within this call. With `ReadReady` the
        state may be read in that call, or later. Only a leader is ever ready: a quorum has told it,
        after it was asked, that nobody else leads. Reads asked for in one turn share one question.
        """

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        """Have another replica lead: `to`, or the one that lacks least.

        Until it does, at most for one election timeout, proposals wait. If it works they are
        refused, else they are committed as usual. `on_outcome` is called exactly once, never from
        within this call.
        """

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        """Add members, remove members, or both at once, without a pause of more than an election.

        Who is added is brought up to date first. Refused is what would leave too few members that
        are there. When it comes about, leadership is lost, and gained again by a member.
        `on_outcome` is called exactly once, never from within this call.
        """

    def membership(self) -> MembershipStatus: ...

    def status(self) -> LogStatus: ...
