"""What a leader sends, which answers count, and when it must admit that nobody follows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from replication.config import MIB, ReplicationConfig
from replication.engine.core import LogEntry, RaftCore
from replication.engine.follower import Follower
from replication.engine.messages import Append, Heartbeat, SnapshotProgress
from replication.engine.outbox import Outbox
from replication.engine.sending_snapshots import SendingSnapshots
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal

_UNANSWERED_BYTES_MAX: Final = 4 * MIB
_FAR_BEHIND_ENTRIES: Final = 1_000
_ENTRY_COST_BYTES: Final = 4096
"""A small entry is as much work as so many bytes. So to one that lacks many of them about 1000 are
under way, and nobody else waits for more than a few milliseconds."""
_PROBE_TIMEOUT_HEARTBEATS: Final = 5
_SHARED_MAX_US: Final = 1_000
"""An append made for one peer goes to another too, if it would be the same but for its sequence."""
_NEWS_WAIT_S: Final = 0.005
"""So long a commit index waits for entries that carry it, before it travels alone."""


class Leading:
    """
    Args:
        voters: all other members.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        voters: Sequence[str],
        core: RaftCore,
        wal: Wal,
        outbox: Outbox,
        store: SnapshotStore,
        now_s: Callable[[], float],
    ) -> None:
        self._core = core
        self._wal = wal
        self._outbox = outbox
        self._now_s = now_s
        self._heartbeat_s = config.heartbeat_ms / 1000
        self._quorum_silence_max_s = config.election_timeout_min_ms / 1000
        self._sequence = 0
        self._voters = sorted(voters)
        self._learners: set[str] = set()
        self._followers = {peer: Follower() for peer in self._voters}
        self.next_beat_s = 0.0
        self._news_due_s = float("inf")
        self._said: Append | None = None
        self.has_news = True
        """Something was heard, or is on disk now, of which a tick makes use."""
        self.sending: Final = SendingSnapshots(
            config, store=store, outbox=outbox, now_s=now_s, next_sequence=self._next_sequence
        )

    def ticked(self) -> None:
        """pysyncobj has made use of all that it was told."""
        self.has_news = False

    def commit_advanced(self) -> None:
        """And no entries go out that would carry the news."""
        self._news_due_s = min(self._news_due_s, self._now_s() + _NEWS_WAIT_S)

    @property
    def deadline_s(self) -> float:
        resumes_s = min((f.resumes_s for f in self._followers.values()), default=float("inf"))
        return min(self.next_beat_s, self._news_due_s, resumes_s)

    def began(self) -> None:
        """Won the election of this term just now: a quorum voted, so a quorum was heard."""
        now_s = self._now_s()
        self.sending.end_all()
        for peer, old in self._followers.items():
            if old.is_held_back:
                self._core.connected(peer)
            self._followers[peer] = Follower(heard_s=now_s)
        self.next_beat_s = now_s + self._heartbeat_s

    def session_opened(self, peer: str, *, is_learner: bool) -> None:
        """A learner is brought up to date and answers, but none of its answers count: its disk
        may have lost what it promised before, or was never asked for promises (N13)."""
        if is_learner:
            self._learners.add(peer)
            # What another disk under this name once had says nothing.
            self._followers[peer] = Follower()
        else:
            self._learners.discard(peer)

    def is_learner(self, peer: str) -> bool:
        return peer in self._learners

    def has_quorum(self) -> bool:
        """S6a: by when the peers' answers prove that they heard us, not by when they came in.

        So answers that waited in a socket while this process was stopped prove nothing.
        """
        since_s = self._now_s() - self._quorum_silence_max_s
        heard = 1
        for peer in self._voters:  # Asked several times in each step.
            if self._followers[peer].heard_s > since_s and peer not in self._learners:
                heard += 1
        return 2 * heard > len(self._voters) + 1

    def ask_all(self) -> int:
        """Put the question who leads to all peers. Whoever answers this sequence, or a later one,
        follows us after this moment. Beats go on anyway, so nothing need be asked twice."""
        sequence = self._next_sequence()
        for peer in self._followers:
            self._outbox.send(peer, Heartbeat(self._next_sequence()))
        return sequence

    def quorum_answered(self, sequence: int) -> bool:
        answered = 1 + sum(f.heard_sequence >= sequence for f in self._counted())
        return 2 * answered > len(self._voters) + 1

    def last_heard_s(self, peer: str) -> float:
        follower = self._followers.get(peer)
        return 0.0 if follower is None else follower.heard_s

    def matched_index(self, peer: str) -> int:
        """Up to here this peer has our log on its disk, by its own word to this leader."""
        follower = self._followers.get(peer)
        return 0 if follower is None else follower.matched_index

    def run_timer(self) -> None:
        if not self._core.is_leader:
            self.sending.end_all()
            for peer, follower in self._followers.items():
                if follower.is_held_back:
                    self._release(peer, follower)
            return
        if not self.has_quorum():
            self._core.adopt_term(self._core.term + 1)
            return
        for peer, follower in self._followers.items():
            if self._now_s() >= follower.resumes_s:
                self._release(peer, follower)
                self._send_soon()
        if self._now_s() >= self._news_due_s:
            self._news_due_s = float("inf")
            self._tell_commit_index()
        if self._now_s() < self.next_beat_s:
            return
        self.next_beat_s = self._now_s() + self._heartbeat_s
        for peer, follower in self._followers.items():
            if follower.is_held_back:
                self._outbox.send(peer, Heartbeat(self._next_sequence()))
        self.sending.run_timer()

    def _tell_commit_index(self) -> None:
        commit_index = self._core.commit_index
        for peer, follower in self._followers.items():
            sent_index = follower.sent_index
            if sent_index is None or follower.probe_sequence is not None or follower.is_held_back:
                continue
            if follower.told_commit_index < commit_index:
                prev_term = self._wal.term_at(sent_index)
                assert prev_term is not None
                self._say(
                    peer, Append(self._next_sequence(), sent_index, prev_term, commit_index, ())
                )

    def needs_snapshot(self, peer: str) -> None:
        follower = self._followers[peer]
        follower.is_held_back = True
        follower.resumes_s = float("inf")
        self._core.disconnected(peer)
        if peer in self._outbox.open_sessions:
            self.sending.begin(peer)

    def says_append(
        self,
        peer: str,
        *,
        prev_index: int,
        prev_term: int,
        entries: Sequence[LogEntry],
        commit_index: int,
    ) -> None:
        if peer not in self._outbox.open_sessions:
            return
        follower = self._followers[peer]
        now_s = self._now_s()
        if follower.probe_sequence is not None:
            timeout_s = _PROBE_TIMEOUT_HEARTBEATS * self._heartbeat_s
            if follower.probe_sent_s is not None and now_s - follower.probe_sent_s < timeout_s:
                # N5: more appends on a wrong guess only make more wrong answers.
                self._outbox.send(peer, Heartbeat(self._next_sequence()))
                return
            follower.probe_sent_s = now_s
        elif follower.sent_index is not None and follower.sent_index >= prev_index:
            # pysyncobj goes back to each answer and sends again all that is under way. The session
            # keeps order and loses nothing, so what went through it is not sent twice (S2).
            skipped = min(follower.sent_index - prev_index, len(entries))
            entries = entries[skipped:]
            prev_index = prev_index + skipped if entries else follower.sent_index
            prev_term_held = self._wal.term_at(prev_index)
            assert prev_term_held is not None
            prev_term = prev_term_held
            if not entries and now_s - follower.spoken_s < self._heartbeat_s / 2:
                return
        append = self._append(follower, prev_index, prev_term, commit_index, tuple(entries))
        self._say(peer, append)
        follower.sent_index = max(follower.sent_index or 0, prev_index + len(entries))
        if entries:
            self._hold_back_if_too_much(peer, follower, entries)

    def on_matched(self, peer: str, echo: int, matched_below: int) -> None:
        follower = self._followers[peer]
        self._heard(follower, echo)
        is_usual = peer not in self._learners and not follower.is_held_back
        self.has_news = self.has_news or not is_usual
        if follower.probe_sequence is not None and echo >= follower.probe_sequence:
            follower.probe_sequence = None
            follower.probe_sent_s = None
            self._send_soon()
        matched_index = min(matched_below - 1, self._wal.last_index)
        follower.matched_index = max(follower.matched_index, matched_index)
        while follower.unanswered and follower.unanswered[0][0] <= follower.matched_index:
            follower.unanswered_bytes -= follower.unanswered.popleft()[1]
        if self.sending.is_done(peer, follower.matched_index):
            self.sending.end(peer)
            follower.forget_session()
            self._core.hear_retry(peer, follower.matched_index + 1)
            self._release(peer, follower)
        elif self.sending.is_to(peer):
            pass
        elif follower.is_held_back:
            self._go_on(peer, follower)
        if peer in self._learners:
            # Goes on from there; what it has is not counted.
            self._core.hear_retry(peer, follower.matched_index + 1)
        elif not self._count(peer, follower):
            self._core.hear_alive(peer)

    def on_retry(self, peer: str, echo: int, retry_from: int) -> None:
        follower = self._followers[peer]
        self._heard(follower, echo)
        if self.sending.is_to(peer):
            # The answer to what was under way when the transfer began.
            self._core.hear_alive(peer)
            return
        if follower.probe_sequence is not None and echo < follower.probe_sequence:
            # N5: the answer to what was under way when the first wrong guess came back.
            self._core.hear_alive(peer)
            return
        follower.forget_session()
        follower.probe_sequence = self._sequence + 1
        if follower.is_held_back:
            self._release(peer, follower)
        self._core.hear_retry(peer, max(2, min(retry_from, self._wal.last_index + 1)))
        self._send_soon()

    def on_heartbeat_answer(self, peer: str, echo: int) -> None:
        self._heard(self._followers[peer], echo)
        self._core.hear_alive(peer)

    def on_snapshot_progress(self, peer: str, echo: int, progress: SnapshotProgress) -> None:
        # N19: whoever takes in a snapshot has no other answer to give for a long time.
        self.on_heartbeat_answer(peer, echo)
        self.sending.on_progress(peer, echo, progress)

    def log_became_durable(self) -> None:
        if not self._core.is_leader:
            return
        for peer, follower in self._followers.items():
            if peer not in self._learners:
                self._count(peer, follower)

    def session_closed(self, peer: str) -> None:
        follower = self._followers[peer]
        follower.forget_session()
        follower.is_held_back = False
        follower.resumes_s = float("inf")
        self.sending.end(peer)
        if peer in self._learners and peer not in self._voters:
            del self._followers[peer]
        self._learners.discard(peer)

    def _counted(self) -> Iterator[Follower]:
        return (self._followers[peer] for peer in self._voters if peer not in self._learners)

    def _count(self, peer: str, follower: Follower) -> bool:
        """The commit rule counts this replica too, so nothing counts beyond its own disk (R7)."""
        index = min(follower.matched_index, self._wal.durable_index)
        if index <= follower.counted_index:
            return False
        follower.counted_index = index
        if index > self._core.commit_index:
            self.has_news = True
        self._core.hear_matched(peer, index + 1)
        return True

    def _heard(self, follower: Follower, echo: int) -> None:
        if echo <= self._sequence:
            follower.heard_s = max(follower.heard_s, echo / 1e6)
            follower.heard_sequence = max(follower.heard_sequence, echo)

    def _next_sequence(self) -> int:
        self._sequence = max(self._sequence + 1, int(self._now_s() * 1e6))
        return self._sequence

    def _append(
        self,
        follower: Follower,
        prev_index: int,
        prev_term: int,
        commit_index: int,
        entries: tuple[LogEntry, ...],
    ) -> Append:
        """The very one that another peer was sent just now, if it says the same: made into bytes
        once. Its sequence tells a little too early a time, which only makes an answer count less;
        who is probed counts them."""
        said = self._said
        sequence = self._next_sequence()
        if (
            said is not None
            and said.commit_index == commit_index
            and (said.prev_index, said.prev_term) == (prev_index, prev_term)
            and sequence - said.sequence < _SHARED_MAX_US
            and follower.probe_sequence is None
            and said.entries == entries
        ):
            return said
        self._said = Append(sequence, prev_index, prev_term, commit_index, entries)
        return self._said

    def _say(self, peer: str, append: Append) -> None:
        follower = self._followers[peer]
        self._outbox.send(peer, append)
        follower.spoken_s = self._now_s()
        follower.told_commit_index = append.commit_index

    def _hold_back_if_too_much(
        self, peer: str, follower: Follower, entries: Sequence[LogEntry]
    ) -> None:
        size_bytes = sum(len(command) + _ENTRY_COST_BYTES for command, _, _ in entries)
        follower.unanswered.append((entries[-1][1], size_bytes))
        follower.unanswered_bytes += size_bytes
        if follower.unanswered_bytes > _UNANSWERED_BYTES_MAX and not follower.is_held_back:
            # N11: its send loop would push the whole backlog. It stops for a disconnected peer.
            follower.is_held_back = True
            follower.held_back_s = self._now_s()
            self._core.disconnected(peer)

    def _go_on(self, peer: str, follower: Follower) -> None:
        """With one that was given a portion, and has answered some of it."""
        if follower.matched_index + _FAR_BEHIND_ENTRIES < self._core.commit_index:
            # No commit waits for it. It rests as long as it worked, and leaves others some CPU.
            if not follower.unanswered and follower.resumes_s == float("inf"):
                now_s = self._now_s()
                rest_s = min(now_s - follower.held_back_s, self._heartbeat_s)
                follower.resumes_s = now_s + rest_s
        elif follower.unanswered_bytes <= _UNANSWERED_BYTES_MAX // 2:
            self._release(peer, follower)
            self._send_soon()

    def _send_soon(self) -> None:
        self._core.send_soon()
        self.has_news = True

    def _release(self, peer: str, follower: Follower) -> None:
        follower.is_held_back = False
        follower.resumes_s = float("inf")
        if peer in self._outbox.open_sessions:
            self._core.connected(peer)
