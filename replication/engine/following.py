"""What a leader's messages may do to this replica's log, and what is promised in return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from replication.engine.core import RaftCore
from replication.engine.elections import Elections
from replication.engine.messages import Append, Heartbeat, HeartbeatAnswer, Matched, Retry, Stale
from replication.engine.outbox import Outbox
from replication.engine.wal import Wal

_SHORT_BYTES_MAX: Final = 8192
_LONG_AGO_S: Final = float("-inf")


class TwoLeaders(Exception):
    """Another replica leads in the term that this one leads in. Raft was broken somewhere."""


@dataclass(slots=True)
class _Promise:
    """What the leader of a term may be told once the disk has it.

    Attributes:
        matched_index: up to here the log equals the leader's.
        told_index: up to here it was told.
        echo: of the last append that was taken in.
    """

    leader: str
    term: int
    matched_index: int
    told_index: int
    told_s: float
    echo: int


class Following:
    def __init__(
        self,
        *,
        core: RaftCore,
        wal: Wal,
        outbox: Outbox,
        elections: Elections,
        now_s: Callable[[], float],
        sign_of_life_s: float,
    ) -> None:
        self.is_short_of_space = False
        """The log hardly grows: what comes meanwhile is asked for again afterwards."""
        self._short_term = 0
        self._short_bytes = 0
        self._core = core
        self._wal = wal
        self._outbox = outbox
        self._elections = elections
        self._now_s = now_s
        self._sign_of_life_s = sign_of_life_s
        self._promise: _Promise | None = None
        self._echo = 0
        self._matched_index: int | None = None
        self._conflict_index: int | None = None

    def on_append(self, peer: str, term: int, append: Append) -> None:
        if not self.is_from_leader(peer, term):
            return
        if self.is_short_of_space and not self._has_space_for(term, append):
            self._outbox.send(peer, HeartbeatAnswer(), echo=append.sequence)
            return
        self._echo = append.sequence
        self._matched_index = None
        self._conflict_index = None
        entries = append.entries
        prev_index, prev_term = append.prev_index, append.prev_term
        if prev_index < self._wal.first_index:
            # What is compacted here was committed, so the leader has the same.
            known = min(self._wal.first_index - prev_index, len(entries))
            entries = entries[known:]
            prev_index = self._wal.first_index
            prev_term = self._wal.term_at(prev_index) or 0
        held_term = self._wal.term_at(prev_index)
        if held_term != prev_term:
            self._conflict_index = None if held_term is None else prev_index
            self._core.hear_append(
                peer,
                term=term,
                prev_index=prev_index,
                prev_term=prev_term,
                entries=(),
                commit_index=1,
            )
            return
        matched_index = prev_index + len(entries)
        # S12, N1: what is beyond the part known to be equal may be another leader's.
        commit_index = min(append.commit_index, matched_index)
        known = self._count_known(entries)
        if known == len(entries):
            # S2: pysyncobj drops all that follows prev, so prev is our own end.
            self._matched_index = matched_index
            prev_index, prev_term = self._wal.last_index, self._wal.last_term
        elif known > 0:
            # S2: the first entry that is new really replaces what is there.
            _, prev_index, prev_term = entries[known - 1]
        self._core.hear_append(
            peer,
            term=term,
            prev_index=prev_index,
            prev_term=prev_term,
            entries=entries[known:],
            commit_index=commit_index,
        )

    def on_heartbeat(self, peer: str, term: int, heartbeat: Heartbeat) -> None:
        if not self.is_from_leader(peer, term):
            return
        if term > self._core.term:
            self._core.adopt_term(term)
        self._outbox.send(peer, HeartbeatAnswer(), echo=heartbeat.sequence)

    def says_matched(self, peer: str, next_index: int) -> None:
        matched_index = next_index - 1 if self._matched_index is None else self._matched_index
        promise = self._promise
        if promise is None or promise.leader != peer or promise.term != self._wal.term:
            promise = self._promise = _Promise(peer, self._wal.term, 0, 0, _LONG_AGO_S, 0)
        promise.matched_index = max(promise.matched_index, matched_index)
        promise.echo = self._echo
        is_news = promise.told_index < promise.matched_index <= self._wal.durable_index
        if is_news or self._now_s() - promise.told_s > self._sign_of_life_s:
            # A slow disk must not look like a dead replica.
            self._tell(promise)

    def says_retry(self, peer: str, next_index: int) -> None:
        # The leader guesses anew, and waits for the answer to its guess, news or not.
        self._promise = None
        self._outbox.send(peer, Retry(self._earliest_conflict(next_index)), echo=self._echo)

    def holds(self, peer: str, index: int, echo: int) -> None:
        """All up to this entry is the same here as with this leader, by a snapshot of its."""
        self._echo = echo
        self._matched_index = index
        self.says_matched(peer, index + 1)
        assert self._promise is not None
        self._tell(self._promise)

    def log_became_durable(self) -> None:
        promise = self._promise
        if promise is None:
            return
        if promise.term != self._wal.term:
            # What was never durable in its own term may be replaced by now: it is never promised.
            self._promise = None
            return
        if min(promise.matched_index, self._wal.durable_index) > promise.told_index:
            self._tell(promise)

    def session_closed(self, peer: str) -> None:
        if self._promise is not None and self._promise.leader == peer:
            self._promise = None

    def is_from_leader(self, peer: str, term: int) -> bool:
        if term < self._core.term:
            self._outbox.send(peer, Stale())
            return False
        if term == self._core.term and self._core.is_leader:
            raise TwoLeaders(f"{peer} leads in term {term} too")
        self._elections.heard_leader()
        return True

    def _has_space_for(self, term: int, append: Append) -> bool:
        """A leader's first few words find their place, or nobody could be elected any more."""
        if term != self._short_term:
            self._short_term, self._short_bytes = term, 0
        self._short_bytes += sum(len(command) for command, _, _ in append.entries)
        return self._short_bytes <= _SHORT_BYTES_MAX

    def _count_known(self, entries: tuple[tuple[bytes, int, int], ...]) -> int:
        for count, (_, index, term) in enumerate(entries):
            if self._wal.term_at(index) != term:
                return count
        return len(entries)

    def _tell(self, promise: _Promise) -> None:
        promise.told_index = min(promise.matched_index, self._wal.durable_index)
        promise.told_s = self._now_s()
        self._outbox.send(promise.leader, Matched(promise.told_index + 1), echo=promise.echo)

    def _earliest_conflict(self, next_index: int) -> int:
        """N5: skip the whole conflicting term instead of one entry a round; nothing committed."""
        commit_index = self._core.commit_index
        index = next_index
        if index == self._conflict_index:
            term = self._wal.term_at(index)
            while index - 1 > commit_index and self._wal.term_at(index - 1) == term:
                index -= 1
        return max(commit_index + 1, index)
