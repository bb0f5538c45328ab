"""Proposals that wait for their outcome: each is answered once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from replication.config import MIB, ReplicationConfig
from replication.engine import entry
from replication.observer import LogObserver
from replication.replicated_log import (
    Committed,
    OutcomeListener,
    OutcomeUnknown,
    ProposalOutcome,
    ProposalRefused,
    RefusalCause,
)

_SHORT_BYTES_MAX: Final = 4096
_ENTRY_BYTES_MAX: Final = MIB + entry.COMMAND_OVERHEAD_BYTES


@dataclass(slots=True)
class Proposal:
    command: bytes
    on_outcome: OutcomeListener
    proposed_s: float
    is_answered: bool = False


class Proposals:
    """A proposal is waiting, then packed, then logged; at any time it may be given up."""

    def __init__(
        self, config: ReplicationConfig, *, now_s: Callable[[], float], observer: LogObserver
    ) -> None:
        self._config = config
        self._now_s = now_s
        self._observer = observer
        self._deadline_s = config.proposal_deadline_ms / 1000
        self._refused: deque[tuple[OutcomeListener, RefusalCause]] = deque()
        self._waiting: deque[Proposal] = deque()
        self._packed: deque[list[Proposal]] = deque()
        self._logged: dict[int, list[Proposal]] = {}
        self._by_age: deque[Proposal] = deque()
        self._open_count = 0
        self._open_bytes = 0
        self._short_bytes = 0
        self.is_short_of_space = False
        """The log must not grow, but for a leader's first few words."""
        self.is_held = False
        """What is proposed waits: the leader hands over, and adds nothing to the log."""

    @property
    def can_go_on(self) -> bool:
        """Something is to be answered, or can be packed, right now."""
        return bool(self._refused) or (bool(self._waiting) and self._may_pack)

    @property
    def _may_pack(self) -> bool:
        if self.is_held:
            return False
        under_way = len(self._packed) + len(self._logged)
        return under_way < self._config.entries_under_way_max

    def next_deadline_s(self) -> float:
        while self._by_age and self._by_age[0].is_answered:
            self._by_age.popleft()
        return self._by_age[0].proposed_s + self._deadline_s if self._by_age else float("inf")

    def add(self, command: bytes, on_outcome: OutcomeListener, *, is_leading: bool) -> None:
        cause = self._refusal(command, is_leading)
        if cause is not None:
            self._refused.append((on_outcome, cause))
            return
        proposal = Proposal(command, on_outcome, self._now_s())
        self._open_count += 1
        self._open_bytes += len(command)
        self._waiting.append(proposal)
        self._by_age.append(proposal)

    def answer_refused(self) -> None:
        """Those refused so far; what is refused meanwhile waits for the next turn."""
        for _ in range(len(self._refused)):
            on_outcome, cause = self._refused.popleft()
            on_outcome(ProposalRefused(cause))

    def give_up_expired(self) -> None:
        now_s = self._now_s()
        while self.next_deadline_s() <= now_s:
            self._answer(self._by_age.popleft(), OutcomeUnknown())

    def give_up_all(self) -> None:
        """Leadership is lost. What was only held back never was in a log: it is refused."""
        held_back = {id(proposal) for proposal in self._waiting} if self.is_held else set()
        for proposal in list(self._by_age):
            if proposal.is_answered:
                continue
            if id(proposal) in held_back:
                self._answer(proposal, ProposalRefused(RefusalCause.NOT_LEADING))
            else:
                self._answer(proposal, OutcomeUnknown())
        self._short_bytes = 0
        self._by_age.clear()
        self._waiting.clear()
        self._packed.clear()
        self._logged.clear()

    def pack(self) -> bytes | None:
        """The payload of the next entry: of all that wait, as many as fit. None while as many
        entries are under way as may be: then what waits travels together once one is committed."""
        if not self._may_pack:
            return None
        batch: list[Proposal] = []
        size_bytes = 0
        while self._waiting:
            proposal = self._waiting[0]
            size_bytes += len(proposal.command) + entry.COMMAND_OVERHEAD_BYTES
            if batch and size_bytes > _ENTRY_BYTES_MAX:
                break
            if len(batch) >= self._config.entry_commands_max:
                break
            self._waiting.popleft()
            if not proposal.is_answered:
                batch.append(proposal)
        if not batch:
            return None
        self._packed.append(batch)
        return entry.pack([proposal.command for proposal in batch])

    def logged(self, index: int) -> None:
        """The oldest packed entry is in this replica's log at `index`."""
        if self._packed:
            self._logged[index] = self._packed.popleft()

    def take(self, index: int) -> list[Proposal]:
        return self._logged.pop(index, [])

    def committed(self, proposal: Proposal, index: int, result: object) -> None:
        if proposal.is_answered:
            return
        self._observer.proposal_committed(self._now_s() - proposal.proposed_s)
        self._answer(proposal, Committed(index, result))

    def _answer(self, proposal: Proposal, outcome: ProposalOutcome) -> None:
        proposal.is_answered = True
        self._open_count -= 1
        self._open_bytes -= len(proposal.command)
        proposal.on_outcome(outcome)

    def _refusal(self, command: bytes, is_leading: bool) -> RefusalCause | None:
        if not is_leading:
            return RefusalCause.NOT_LEADING
        if len(command) > self._config.command_bytes_max:
            return RefusalCause.TOO_LARGE
        if self.is_short_of_space:
            # Who has just won an election says so in a command, and is of no use without.
            self._short_bytes += len(command)
            if self._short_bytes > _SHORT_BYTES_MAX:
                return RefusalCause.DISK_FULL
        if (
            self._open_count >= self._config.pending_proposals_max
            or self._open_bytes + len(command) > self._config.pending_bytes_max
        ):
            return RefusalCause.OVERLOADED
        return None
