"""Stands between pysyncobj and the world: sorts what comes in and what wants to go out."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, assert_never

from replication.config import MIB, ReplicationConfig
from replication.engine.core import LogEntry, RaftCore
from replication.engine.digesting import Digesting
from replication.engine.elections import Elections
from replication.engine.following import Following
from replication.engine.leading import Leading
from replication.engine.messages import (
    Append,
    Body,
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
    StandNow,
    StateDigest,
    Vote,
    VoteRequest,
)
from replication.engine.outbox import Links, Outbox
from replication.engine.receiving_snapshots import Install, ReceivingSnapshots
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.transferring import Transferring
from replication.engine.wal import Wal
from replication.engine.workbench import Workbench
from replication.observer import LogObserver
from replication.state_machine import StateMachine

MESSAGE_BYTES: Final = 2 * MIB
"""Entries of one append: until this much is reached. More than the largest entry."""


_OF_LEARNERS: Final = (Matched, Retry, HeartbeatAnswer, SnapshotProgress, Stale)
"""All that is heard from one without a vote."""


class Firewall:
    """Implements `core.Speaker`."""

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        voters: Sequence[str],
        may_vote: Callable[[], bool],
        may_stand: Callable[[], bool],
        wal: Wal,
        links: Links,
        store: SnapshotStore,
        state_machine: StateMachine,
        workbench: Workbench,
        observer: LogObserver,
        install: Install,
        now_s: Callable[[], float],
        random: Random,
    ) -> None:
        self._voters = frozenset(voters)
        self.core: Final = RaftCore(
            replica_id=config.replica_id,
            peers=sorted(voters),
            wal=wal,
            speaker=self,
            election_timeout_min_ms=config.election_timeout_min_ms,
            heartbeat_ms=config.heartbeat_ms,
            message_bytes=MESSAGE_BYTES,
        )
        self._outbox = Outbox(wal, links)
        self.elections: Final = Elections(
            config,
            voters=voters,
            may_vote=may_vote,
            may_stand=may_stand,
            core=self.core,
            wal=wal,
            outbox=self._outbox,
            now_s=now_s,
            random=random,
        )
        self.following: Final = Following(
            core=self.core,
            wal=wal,
            outbox=self._outbox,
            elections=self.elections,
            now_s=now_s,
            sign_of_life_s=config.heartbeat_ms / 2000,
        )
        self.leading: Final = Leading(
            config,
            voters=voters,
            core=self.core,
            wal=wal,
            outbox=self._outbox,
            store=store,
            now_s=now_s,
        )
        self._receiving = ReceivingSnapshots(
            core=self.core,
            wal=wal,
            outbox=self._outbox,
            following=self.following,
            store=store,
            state_machine=state_machine,
            workbench=workbench,
            observer=observer,
            install=install,
        )
        self.digesting: Final = Digesting(
            config,
            peers=voters,
            core=self.core,
            outbox=self._outbox,
            store=store,
            state_machine=state_machine,
            workbench=workbench,
            observer=observer,
        )
        self.transferring: Final = Transferring(
            config,
            voters=voters,
            core=self.core,
            wal=wal,
            outbox=self._outbox,
            elections=self.elections,
            leading=self.leading,
            now_s=now_s,
        )

    @property
    def open_sessions(self) -> frozenset[str]:
        return frozenset(self._outbox.open_sessions)

    def next_deadline_s(self) -> float:
        beat_s = self.leading.deadline_s if self.core.is_leader else self.elections.deadline_s
        return min(beat_s, self.transferring.deadline_s)

    def run_timers(self) -> None:
        self.leading.run_timer()
        self.elections.run_timer()

    def log_became_durable(self) -> None:
        self.following.log_became_durable()
        self.leading.log_became_durable()

    def session_opened(self, peer: str, *, is_learner: bool = False) -> None:
        self._outbox.open_sessions.add(peer)
        self.leading.session_opened(peer, is_learner=is_learner)
        if peer in self._voters:
            self.core.connected(peer)
            self.digesting.session_opened(peer)
        else:
            assert is_learner, "who is no member has no vote"
            self.core.observe(peer)

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        if peer not in self._outbox.open_sessions:
            return
        self._outbox.open_sessions.discard(peer)
        self.leading.session_closed(peer)
        self.following.session_closed(peer)
        self.elections.session_closed(peer, by_peer=by_peer)
        if peer in self._voters:
            self.core.disconnected(peer)
        else:
            self.core.observe_no_more(peer)

    def mute(self) -> None:
        """This configuration is over, here: nothing is said or heard in it any more."""
        self._outbox.open_sessions.clear()
        self._receiving.give_up()
        self.leading.sending.end_all()

    def received(self, peer: str, envelope: Envelope) -> None:
        if peer not in self._outbox.open_sessions:
            return
        term, body = envelope.term, envelope.body
        if self.leading.is_learner(peer) and not isinstance(body, _OF_LEARNERS):
            return
        match body:
            case Append():
                self.following.on_append(peer, term, body)
            case Heartbeat():
                self.following.on_heartbeat(peer, term, body)
            case SnapshotPart():
                self._receiving.on_part(peer, term, body)
            case Matched() | Retry() | HeartbeatAnswer() | SnapshotProgress():
                self._received_answer(peer, envelope)
            case PreVoteRequest():
                self.elections.on_pre_vote_request(peer, body)
            case PreVote():
                self.elections.on_pre_vote(peer, term, body)
            case VoteRequest():
                self.elections.on_vote_request(peer, term, body)
            case Vote():
                self.elections.on_vote(peer, term)
            case Stale():
                self.elections.on_stale(term)
            case StandNow():
                self.elections.on_stand_now(peer, term)
            case StateDigest():
                self.digesting.on_digest(peer, body)
            case _:
                assert_never(body)

    def _received_answer(self, peer: str, envelope: Envelope) -> None:
        if envelope.term > self.core.term:
            self.core.adopt_term(envelope.term)
            return
        if envelope.term < self.core.term or not self.core.is_leader:
            # S1: what was matched with the leader of another term says nothing about this one's.
            return
        body: Body = envelope.body
        match body:
            case Matched():
                self.leading.on_matched(peer, envelope.echo, body.matched_below)
            case Retry():
                self.leading.on_retry(peer, envelope.echo, body.retry_from)
            case SnapshotProgress():
                self.leading.on_snapshot_progress(peer, envelope.echo, body)
            case _:
                self.leading.on_heartbeat_answer(peer, envelope.echo)

    # What pysyncobj wants to say.

    def says_append(
        self,
        peer: str,
        *,
        prev_index: int,
        prev_term: int,
        entries: Sequence[LogEntry],
        commit_index: int,
    ) -> None:
        self.leading.says_append(
            peer,
            prev_index=prev_index,
            prev_term=prev_term,
            entries=entries,
            commit_index=commit_index,
        )

    def needs_snapshot(self, peer: str) -> None:
        self.leading.needs_snapshot(peer)

    def says_matched(self, peer: str, next_index: int) -> None:
        self.following.says_matched(peer, next_index)

    def says_retry(self, peer: str, next_index: int) -> None:
        self.following.says_retry(peer, next_index)

    def asks_for_vote(self, peer: str, *, last_index: int, last_term: int) -> None:
        self.elections.asks_for_vote(peer, last_index=last_index, last_term=last_term)

    def grants_vote(self, peer: str) -> None:
        self.elections.grants_vote(peer)

    def began_leading(self) -> None:
        self.leading.began()
