"""Reads by read index: after the question a quorum says that nobody else leads.

Ongaro, "Consensus: Bridging Theory and Practice", 2014, section 6.4. Time decides nothing here:
what counts is which of our own messages the peers have answered. The log does not grow.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from replication.config import ReplicationConfig
from replication.engine.core import RaftCore
from replication.engine.leading import Leading
from replication.replicated_log import (
    ReadListener,
    ReadOutcome,
    ReadReady,
    ReadRefusalCause,
    ReadRefused,
)


@dataclass(slots=True)
class _Round:
    """Reads that share one question.

    Attributes:
        sequence: who has answered this or a later message has heard us after the reads came.
        read_index: what was committed when the question was put.
    """

    sequence: int
    read_index: int
    reads: list[ReadListener]
    deadline_s: float
    is_confirmed: bool = False


class Reads:
    """One question at a time: what comes meanwhile shares the next."""

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        core: RaftCore,
        leading: Leading,
        now_s: Callable[[], float],
    ) -> None:
        self._reads_max: Final = config.pending_proposals_max
        self._patience_s: Final = config.proposal_deadline_ms / 1000
        self._core = core
        self._leading = leading
        self._now_s = now_s
        self._refused: deque[tuple[ReadListener, ReadRefusalCause]] = deque()
        self._waiting: list[ReadListener] = []
        self._round: _Round | None = None

    @property
    def can_go_on(self) -> bool:
        return bool(self._refused) or (bool(self._waiting) and self._round is None)

    @property
    def is_under_way(self) -> bool:
        return self._round is not None or self.can_go_on

    def next_deadline_s(self) -> float:
        return float("inf") if self._round is None else self._round.deadline_s

    def add(self, on_outcome: ReadListener, *, is_leading: bool) -> None:
        if not is_leading:
            self._refused.append((on_outcome, ReadRefusalCause.NOT_LEADING))
        elif self._count() >= self._reads_max:
            self._refused.append((on_outcome, ReadRefusalCause.OVERLOADED))
        else:
            self._waiting.append(on_outcome)

    def run(self, *, applied_index: int) -> None:
        """Answer what can be answered, and ask for those that wait."""
        for _ in range(len(self._refused)):
            on_outcome, cause = self._refused.popleft()
            on_outcome(ReadRefused(cause))
        if self._round is None and self._waiting:
            self._begin_round()
        asked = self._round
        if asked is None:
            return
        asked.is_confirmed = asked.is_confirmed or self._leading.quorum_answered(asked.sequence)
        if asked.is_confirmed and applied_index >= asked.read_index:
            self._end_round(asked, ReadReady(applied_index))
        elif self._now_s() >= asked.deadline_s:
            self._end_round(asked, ReadRefused(ReadRefusalCause.NOT_IN_TIME))

    def give_up_all(self) -> None:
        """Leadership is lost."""
        asked, self._round = self._round, None
        waiting, self._waiting = self._waiting, []
        refused, self._refused = self._refused, deque()
        for on_outcome, cause in refused:
            on_outcome(ReadRefused(cause))
        for on_outcome in [*(asked.reads if asked else ()), *waiting]:
            on_outcome(ReadRefused(ReadRefusalCause.NOT_LEADING))

    def _begin_round(self) -> None:
        reads, self._waiting = self._waiting, []
        self._round = _Round(
            sequence=self._leading.ask_all(),
            read_index=self._core.commit_index,
            reads=reads,
            deadline_s=self._now_s() + self._patience_s,
        )

    def _end_round(self, asked: _Round, outcome: ReadOutcome) -> None:
        self._round = None
        for on_outcome in asked.reads:
            on_outcome(outcome)

    def _count(self) -> int:
        return len(self._waiting) + (len(self._round.reads) if self._round else 0)
