"""Handing leadership over: the chosen follower is brought up to date, then told to stand at once.

Ongaro, "Consensus: Bridging Theory and Practice", 2014, section 3.10.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from replication.config import ReplicationConfig
from replication.engine.core import RaftCore
from replication.engine.elections import Elections
from replication.engine.leading import Leading
from replication.engine.messages import StandNow
from replication.engine.outbox import Outbox
from replication.engine.wal import Wal
from replication.replicated_log import TransferListener, TransferOutcome


@dataclass(slots=True)
class _Transfer:
    """Attributes:
    term: the one that this replica leads in and wants to end.
    is_told: the target has been asked to stand.
    """

    target: str
    term: int
    deadline_s: float
    on_outcome: TransferListener
    is_told: bool = False


class Transferring:
    """This replica leads until it hears of a newer term, as always: there are never two leaders."""

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        voters: Sequence[str],
        core: RaftCore,
        wal: Wal,
        outbox: Outbox,
        elections: Elections,
        leading: Leading,
        now_s: Callable[[], float],
    ) -> None:
        self._replica_id = config.replica_id
        self._peers = sorted(voters)
        self._patience_s = config.election_timeout_min_ms / 1000
        self._core = core
        self._wal = wal
        self._outbox = outbox
        self._elections = elections
        self._leading = leading
        self._now_s = now_s
        self._transfer: _Transfer | None = None
        self._answers: deque[tuple[TransferListener, TransferOutcome]] = deque()

    @property
    def is_holding(self) -> bool:
        """The log must not grow: the target could never be told that it has all of it."""
        return self._transfer is not None and self._leads_in(self._transfer.term)

    @property
    def is_under_way(self) -> bool:
        return self._transfer is not None or self.can_go_on

    @property
    def can_go_on(self) -> bool:
        return bool(self._answers)

    @property
    def deadline_s(self) -> float:
        return float("inf") if self._transfer is None else self._transfer.deadline_s

    def begin(self, to: str | None, on_outcome: TransferListener, *, is_leading: bool) -> None:
        target = self._most_advanced() if to is None else to
        refusal = self._refusal(target, is_leading=is_leading)
        if refusal is not None or target is None:
            self._answers.append((on_outcome, refusal or TransferOutcome.OUT_OF_REACH))
            return
        deadline_s = self._now_s() + self._patience_s
        self._transfer = _Transfer(target, self._core.term, deadline_s, on_outcome)

    def run(self, *, applied_index: int) -> None:
        """Take the next step that can be taken.

        Args:
            applied_index: all up to here was applied, and its proposers have been told.
        """
        transfer = self._transfer
        if transfer is not None:
            outcome = self._outcome(transfer)
            if outcome is not None:
                self._transfer = None
                self._answers.append((transfer.on_outcome, outcome))
            elif not transfer.is_told and self._has_all(transfer.target, applied_index):
                transfer.is_told = True
                self._outbox.send(transfer.target, StandNow())
        for _ in range(len(self._answers)):
            on_outcome, outcome = self._answers.popleft()
            on_outcome(outcome)

    def give_up(self) -> None:
        """This replica stops."""
        if self._transfer is not None:
            self._transfer.deadline_s = self._now_s()
        self.run(applied_index=0)

    def _refusal(self, target: str | None, *, is_leading: bool) -> TransferOutcome | None:
        if not is_leading:
            return TransferOutcome.NOT_LEADING
        if self._transfer is not None:
            return TransferOutcome.UNDER_WAY
        if target is not None and target not in self._peers:
            return TransferOutcome.UNKNOWN_REPLICA
        if target not in self._outbox.open_sessions:
            return TransferOutcome.OUT_OF_REACH
        return None

    def _outcome(self, transfer: _Transfer) -> TransferOutcome | None:
        successor = self._elections.known_leader
        if self._core.term > transfer.term and successor not in {None, self._replica_id}:
            return TransferOutcome.HANDED_OVER
        if self._now_s() >= transfer.deadline_s:
            return TransferOutcome.NOT_IN_TIME
        is_in_reach = transfer.target in self._outbox.open_sessions
        if self._leads_in(transfer.term) and not is_in_reach:
            return TransferOutcome.OUT_OF_REACH
        return None

    def _has_all(self, target: str, applied_index: int) -> bool:
        last_index = self._wal.last_index
        return applied_index == last_index == self._leading.matched_index(target)

    def _leads_in(self, term: int) -> bool:
        return self._core.is_leader and self._core.term == term

    def _most_advanced(self) -> str | None:
        """Of those that miss as little, the one that was heard last."""
        in_reach = [
            peer
            for peer in self._peers
            if peer in self._outbox.open_sessions and not self._leading.is_learner(peer)
        ]
        return max(
            in_reach,
            key=lambda peer: (
                self._leading.matched_index(peer),
                self._leading.last_heard_s(peer),
            ),
            default=None,
        )
