"""Who may stand, and who gets a vote: pre-vote, stickiness, and an early start after a crash.

Closes S6 (flapping leaders, stale leaders that come back) and S11 (votes counted twice, or from
the wrong term). Raft without these is in Ongaro, "Consensus: Bridging Theory and Practice", 2014;
pre-vote is its section 9.6, and stickiness its section 4.2.3.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from replication.config import ReplicationConfig
from replication.engine.core import RaftCore
from replication.engine.messages import PreVote, PreVoteRequest, Stale, Vote, VoteRequest
from replication.engine.outbox import Outbox
from replication.engine.wal import Wal

_LONG_AGO_S: Final = float("-inf")
_EARLY_START_S: Final = 0.02
_EARLY_RANK_S: Final = 0.05
_EARLY_RETRY_S: Final = 0.15
_EARLY_TRIES: Final = 3


class Elections:
    """Its own election timer; pysyncobj's is parked.

    Args:
        voters: all other members.
        may_vote: whether the configuration names this replica's disk. If not, it is silent (N13).
        may_stand: whether it also has all that was agreed before the configuration began. Whoever
            has not may vote for one that has: a vote says only that nothing newer is known here.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        voters: Sequence[str],
        may_vote: Callable[[], bool],
        may_stand: Callable[[], bool],
        core: RaftCore,
        wal: Wal,
        outbox: Outbox,
        now_s: Callable[[], float],
        random: Random,
    ) -> None:
        self._replica_id = config.replica_id
        self._peers = sorted(voters)
        self._may_vote = may_vote
        self._may_stand = may_stand
        self._timeout_min_s = config.election_timeout_min_ms / 1000
        self._timeout_max_s = config.election_timeout_max_ms / 1000
        self._core = core
        self._wal = wal
        self._outbox = outbox
        self._now_s = now_s
        self._random = random
        self._leader_heard_s = _LONG_AGO_S
        self._early_tries = 0
        self._early_rank = 0
        self._pre_votes: tuple[int, set[str]] | None = None
        self._votes: tuple[int, set[str]] = (0, set())
        self._agreed_term = 0
        self.deadline_s = now_s()
        if self._peers:
            self._restart_timer()

    @property
    def known_leader(self) -> str | None:
        """Whom this replica follows, or itself; None if that one is silent."""
        if self._core.is_leader:
            return self._replica_id
        if self._now_s() - self._leader_heard_s > self._timeout_max_s:
            return None
        return self._core.leader_id

    def heard_leader(self) -> None:
        self._leader_heard_s = self._now_s()
        self._early_tries = 0
        self._pre_votes = None
        self._restart_timer()

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        """A leader that closed its session is most likely dead: do not wait for the timeout.

        If it is not, it will be heard again before long, or pre-votes fail where it is heard.
        The replicas start one after the other, so that they do not split the votes.
        """
        if not by_peer or self._core.is_leader or self._core.leader_id != peer:
            return
        self._leader_heard_s = _LONG_AGO_S
        others = sorted({self._replica_id, *self._peers} - {peer})
        self._start_early(others.index(self._replica_id))

    def start_early(self, *, first: bool) -> None:
        """Nobody leads yet: a configuration has just begun."""
        others = sorted({self._replica_id, *self._peers})
        self._start_early(0 if first else 1 + others.index(self._replica_id))

    def _start_early(self, rank: int) -> None:
        self._early_rank = rank
        self._early_tries = _EARLY_TRIES
        delay_s = _EARLY_START_S * (1 + self._random.random()) + _EARLY_RANK_S * rank
        self.deadline_s = min(self.deadline_s, self._now_s() + delay_s)

    def run_timer(self) -> None:
        if self._core.is_leader or self._now_s() < self.deadline_s:
            return
        if not self._may_stand():
            self._restart_timer()
            return
        if self._early_tries > 0:
            self._early_tries -= 1
            delay_s = (
                _EARLY_RETRY_S * (1 + self._random.random()) + _EARLY_RANK_S * self._early_rank
            )
            self.deadline_s = self._now_s() + delay_s
        else:
            self._restart_timer()
        proposed_term = self._core.term + 1
        self._pre_votes = (proposed_term, {self._replica_id})
        if self._is_quorum(1):
            self._stand()
            return
        request = PreVoteRequest(proposed_term, self._wal.last_index, self._wal.last_term)
        for peer in self._peers:
            self._outbox.send(peer, request)

    def on_pre_vote_request(self, peer: str, request: PreVoteRequest) -> None:
        if not self._may_vote():
            return
        is_up_to_date = (request.last_term, request.last_index) >= (
            self._wal.last_term,
            self._wal.last_index,
        )
        if (
            request.proposed_term > self._core.term
            and is_up_to_date
            and not self._leader_is_alive()
        ):
            self._outbox.send(peer, PreVote(request.proposed_term))
        else:
            # The envelope tells the term, which may be news there.
            self._outbox.send(peer, Stale())

    def on_pre_vote(self, peer: str, term: int, answer: PreVote) -> None:
        if term > self._core.term:
            self._core.adopt_term(term)
            return
        if self._core.is_leader or self._pre_votes is None:
            return
        proposed_term, granted = self._pre_votes
        if answer.proposed_term != proposed_term or proposed_term != self._core.term + 1:
            return
        granted.add(peer)
        if self._is_quorum(len(granted)):
            self._stand()

    def on_vote_request(self, peer: str, term: int, request: VoteRequest) -> None:
        if term < self._core.term:
            self._outbox.send(peer, Stale())
            return
        if not self._may_vote():
            return
        is_handed_over = request.leader_agrees and term == self._core.term + 1
        if term > self._core.term and self._leader_is_alive() and not is_handed_over:
            # S6: who does not hear the leader must not depose it for those who do.
            return
        self._core.hear_vote_request(
            peer, term, last_index=request.last_index, last_term=request.last_term
        )

    def on_stand_now(self, peer: str, term: int) -> None:
        """The leader hands over (Ongaro, section 3.10): no pre-vote, for this one term only."""
        if term != self._core.term or self._core.is_leader or self._core.leader_id != peer:
            return
        if not self._may_stand():
            return
        self._agreed_term = term + 1
        self._stand()

    def asks_for_vote(self, peer: str, *, last_index: int, last_term: int) -> None:
        is_agreed = self._core.term == self._agreed_term
        self._outbox.send(peer, VoteRequest(last_index, last_term, is_agreed))

    def grants_vote(self, peer: str) -> None:
        self._restart_timer()
        self._outbox.send(peer, Vote())

    def on_vote(self, peer: str, term: int) -> None:
        if term > self._core.term:
            self._core.adopt_term(term)
            return
        if term != self._core.term:
            return
        if self._votes[0] != term:
            self._votes = (term, set())
        if peer in self._votes[1]:
            # S11: pysyncobj counts messages, not voters.
            return
        self._votes[1].add(peer)
        self._core.hear_vote(peer, term)

    def on_stale(self, term: int) -> None:
        if term > self._core.term:
            self._core.adopt_term(term)

    def _stand(self) -> None:
        self._pre_votes = None
        self._core.stand_for_election()
        self._core.tick()

    def _leader_is_alive(self) -> bool:
        if self._core.is_leader:
            return True
        return self._now_s() - self._leader_heard_s < self._timeout_min_s

    def _is_quorum(self, count: int) -> bool:
        return 2 * count > len(self._peers) + 1

    def _restart_timer(self) -> None:
        spread_s = self._timeout_max_s - self._timeout_min_s
        self.deadline_s = self._now_s() + self._timeout_min_s + spread_s * self._random.random()
