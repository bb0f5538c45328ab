"""A log of one replica without disk and network: for tests of what is built on a log."""

from collections import deque
from collections.abc import Callable

from replication.config import PeerAddress
from replication.membership import (
    ChangeListener,
    ChangeRefusalCause,
    ChangeRefused,
    Configuration,
    Member,
    MembershipChange,
    MembershipStatus,
)
from replication.replicated_log import (
    Committed,
    LeadershipListener,
    LogStatus,
    OutcomeListener,
    OutcomeUnknown,
    ProposalRefused,
    ReadListener,
    ReadReady,
    ReadRefusalCause,
    ReadRefused,
    RefusalCause,
    TransferListener,
    TransferOutcome,
)
from replication.state_machine import StateMachine

_Proposal = tuple[bytes, OutcomeListener]


class InMemoryLog:
    """Implements `ReplicatedLog`, and keeps the same contract tests as the real one.

    Args:
        later: runs a function in a later turn: `loop.call_soon`, or a test's own queue.
        command_bytes_max, pending_proposals_max: beyond them proposals are refused.
    """

    def __init__(
        self,
        state_machine: StateMachine,
        listener: LeadershipListener,
        *,
        later: Callable[[Callable[[], None]], object],
        replica_id: str = "a",
        command_bytes_max: int = 1024 * 1024,
        pending_proposals_max: int = 10_000,
    ) -> None:
        self._state_machine = state_machine
        self._listener = listener
        self._later = later
        self._replica_id = replica_id
        self._command_bytes_max = command_bytes_max
        self._pending_proposals_max = pending_proposals_max
        self._term = 0
        self._is_leading = False
        self._is_holding = False
        self._outcomes_to_drop = 0
        self._turn_is_due = False
        self._refused: deque[tuple[OutcomeListener, RefusalCause]] = deque()
        self._waiting: list[_Proposal] = []
        self._refused_reads: deque[tuple[ReadListener, ReadRefusalCause]] = deque()
        self._reads: list[ReadListener] = []
        self._index = 1
        self._entries_committed = 0
        self._commands_committed = 0

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        cause = self._refusal(command)
        if cause is None:
            self._waiting.append((command, on_outcome))
        else:
            self._refused.append((on_outcome, cause))
        self._ask_for_turn()

    def read(self, on_outcome: ReadListener) -> None:
        if not self._is_leading:
            self._refused_reads.append((on_outcome, ReadRefusalCause.NOT_LEADING))
        elif len(self._reads) >= self._pending_proposals_max:
            self._refused_reads.append((on_outcome, ReadRefusalCause.OVERLOADED))
        else:
            self._reads.append(on_outcome)
        self._ask_for_turn()

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        """There is nobody else."""
        if not self._is_leading:
            outcome = TransferOutcome.NOT_LEADING
        elif to is None:
            outcome = TransferOutcome.OUT_OF_REACH
        else:
            outcome = TransferOutcome.UNKNOWN_REPLICA
        self._later(lambda: on_outcome(outcome))

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        """There is nobody else."""
        cause = ChangeRefusalCause.UNREADY if self._is_leading else ChangeRefusalCause.NOT_LEADING
        self._later(lambda: on_outcome(ChangeRefused(cause, "this log has no network")))

    def membership(self) -> MembershipStatus:
        nowhere = PeerAddress("", 0)
        alone = Configuration(1, {self._replica_id: Member("memory", nowhere)})
        return MembershipStatus(alone, "memory", is_voter=True, learners={})

    def status(self) -> LogStatus:
        return LogStatus(
            replica_id=self._replica_id,
            leader_id=self._replica_id if self._is_leading else None,
            leading=self._is_leading,
            term=self._term,
            commit_index=self._index,
            applied_index=self._index,
            last_index=self._index,
            entries_committed=self._entries_committed,
            commands_committed=self._commands_committed,
        )

    # What a test makes happen.

    def gain_leadership(self) -> None:
        """At once, with the empty first entry that every leader commits."""
        assert not self._is_leading
        self._term += 1
        self._index += 1
        self._entries_committed += 1
        self._is_leading = True
        self._listener.leadership_gained(self._term)

    def lose_leadership(self, *, commit_open: bool = False) -> None:
        """At once. What is open has an unknown outcome.

        Args:
            commit_open: it was committed nonetheless, and is applied; only nobody is told.
        """
        assert self._is_leading
        self._is_leading = False
        proposals, self._waiting = self._waiting, []
        for _, on_outcome in proposals:
            on_outcome(OutcomeUnknown())
        reads, self._reads = self._reads, []
        for on_read in reads:
            on_read(ReadRefused(ReadRefusalCause.NOT_LEADING))
        self._listener.leadership_lost(self._term)
        if commit_open and proposals:
            self._index += 1
            for command, _ in proposals:
                self._state_machine.apply(self._index, command)
            self._count_entry(len(proposals))

    def hold(self) -> None:
        """Commit nothing, and let nobody read, until `release`."""
        self._is_holding = True

    def release(self) -> None:
        self._is_holding = False
        self._ask_for_turn()

    def drop_next_outcome(self) -> None:
        """The next command is committed and applied, but its proposer hears `OutcomeUnknown`."""
        self._outcomes_to_drop += 1

    def _refusal(self, command: bytes) -> RefusalCause | None:
        if not self._is_leading:
            return RefusalCause.NOT_LEADING
        if len(command) > self._command_bytes_max:
            return RefusalCause.TOO_LARGE
        if len(self._waiting) >= self._pending_proposals_max:
            return RefusalCause.OVERLOADED
        return None

    def _ask_for_turn(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            self._later(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        for _ in range(len(self._refused)):
            on_outcome, cause = self._refused.popleft()
            on_outcome(ProposalRefused(cause))
        for _ in range(len(self._refused_reads)):
            on_read, read_cause = self._refused_reads.popleft()
            on_read(ReadRefused(read_cause))
        if self._is_holding or not self._is_leading:
            return
        if self._waiting:
            self._commit_waiting()
        reads, self._reads = self._reads, []
        for on_read in reads:
            on_read(ReadReady(self._index))

    def _commit_waiting(self) -> None:
        proposals, self._waiting = self._waiting, []
        index = self._index + 1
        for command, on_outcome in proposals:
            result = self._state_machine.apply(index, command)
            if self._outcomes_to_drop > 0:
                self._outcomes_to_drop -= 1
                on_outcome(OutcomeUnknown())
            else:
                on_outcome(Committed(index, result))
        self._index = index
        self._count_entry(len(proposals))

    def _count_entry(self, commands: int) -> None:
        self._entries_committed += 1
        self._commands_committed += commands
