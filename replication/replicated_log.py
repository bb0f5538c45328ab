"""The contract of a replicated log: what success, refusal and silence mean to a proposer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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
    NOT_LEADING = "not_leading"
    TOO_LARGE = "too_large"
    OVERLOADED = "overloaded"


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
        """Every proposal still open has been answered with `OutcomeUnknown` before this."""


class ReplicatedLog(Protocol):
    """One replica of the log. All calls belong to the event loop it was started on."""

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        """Ask for one command to be committed.

        Proposals made in one turn of the loop travel as one entry, up to a size. `on_outcome` is
        called exactly once, never from within this call: right after the command was applied here
        (and before the next one is), or when it is refused or given up. A replica that has come
        to its fatal end calls nobody any more.
        """

    def status(self) -> LogStatus: ...
