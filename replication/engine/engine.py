"""One replica as a machine: it is told of frames, sessions, syncs and time, and takes steps.

It waits for nothing and starts nothing, so that an event loop and a simulation drive the same
code. After `wake` was called its driver calls `step` soon; after each call it starts what
`take_flush` and `take_job` hand out, and calls `step` again at `next_deadline_s`.
"""

from collections.abc import Callable
from random import Random

from replication.config import ReplicationConfig
from replication.engine import entry, wire
from replication.engine.fail_stop import FailStop, StateMachineRaised
from replication.engine.files import Directory
from replication.engine.firewall import Firewall
from replication.engine.outbox import Links
from replication.engine.proposals import Proposals
from replication.engine.reads import Reads
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.snapshotting import Snapshotting
from replication.engine.wal import Wal
from replication.engine.wal_flush import Flush
from replication.engine.workbench import Job, Workbench
from replication.observer import LogObserver
from replication.replicated_log import (
    LeadershipListener,
    LogStatus,
    OutcomeListener,
    ReadListener,
    TransferListener,
)
from replication.state_machine import Restoration, StateMachine


class Engine:
    """Implements `ReplicatedLog`.

    Args:
        state_machine: holds the state of the store's newest snapshot, if there is one.
        files: the directory of `wal` and `store`.
        now_s: monotonic seconds.
        wake: asks the driver for a `step`, later; called often.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        state_machine: StateMachine,
        listener: LeadershipListener,
        observer: LogObserver,
        wal: Wal,
        store: SnapshotStore,
        files: Directory,
        links: Links,
        now_s: Callable[[], float],
        random: Random,
        wake: Callable[[], None],
        fail_stop: FailStop,
    ) -> None:
        self._config = config
        self._state_machine = state_machine
        self._listener = listener
        self._observer = observer
        self._wal = wal
        self._wake = wake
        self._fail_stop = fail_stop
        self._workbench = Workbench()
        self._firewall = Firewall(
            config,
            wal=wal,
            links=links,
            store=store,
            state_machine=state_machine,
            workbench=self._workbench,
            observer=observer,
            install=self._install,
            now_s=now_s,
            random=random,
        )
        self._snapshotting = Snapshotting(
            config,
            store=store,
            files=files,
            state_machine=state_machine,
            wal=wal,
            workbench=self._workbench,
            observer=observer,
            now_s=now_s,
            needed_from=self._firewall.leading.sending.needed_from,
            being_sent=lambda: self._firewall.leading.sending.being_sent,
        )
        self._core = self._firewall.core
        self._transferring = self._firewall.transferring
        self._proposals = Proposals(config, now_s=now_s, observer=observer)
        self._reads = Reads(config, core=self._core, leading=self._firewall.leading, now_s=now_s)
        self._announced_term: int | None = None
        self._leader_id: str | None = None
        self._applied_index = 1
        self._entries_committed = 0
        self._commands_committed = 0
        self._is_stopped = False
        if store.newest is not None:
            self._applied_index = store.newest.index
            self._core.jump_to(self._applied_index)
        if self._may_tick:
            # pysyncobj takes note of all that is known to be committed in one tick, however long
            # the log is: now, while nobody waits for a heartbeat.
            self._core.tick()

    # For those who use the log.

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        if self._is_over:
            return
        self._proposals.add(command, on_outcome, is_leading=self.is_leading)
        self._wake()

    def read(self, on_outcome: ReadListener) -> None:
        if self._is_over:
            return
        self._reads.add(on_outcome, is_leading=self.is_leading)
        self._wake()

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        if self._is_over:
            return
        self._transferring.begin(to, on_outcome, is_leading=self.is_leading)
        self._wake()

    def status(self) -> LogStatus:
        return LogStatus(
            replica_id=self._config.replica_id,
            leader_id=self.leader_id,
            leading=self.is_leading,
            term=self._core.term,
            commit_index=self._core.commit_index,
            applied_index=self._applied_index,
            last_index=self._wal.last_index,
            entries_committed=self._entries_committed,
            commands_committed=self._commands_committed,
        )

    @property
    def is_leading(self) -> bool:
        return (
            not self._is_over
            and self._announced_term is not None
            and self._core.is_leader
            and self._firewall.leading.has_quorum()
        )

    @property
    def leader_id(self) -> str | None:
        """Whom this replica follows, or itself."""
        return None if self._is_over else self._firewall.elections.known_leader

    @property
    def open_sessions(self) -> frozenset[str]:
        return self._firewall.open_sessions

    def last_heard_s(self, peer: str) -> float | None:
        """When a message was sent that this peer has answered; known to a leader only."""
        return self._firewall.leading.last_heard_s(peer) if self._core.is_leader else None

    # For the driver.

    def session_opened(self, peer: str) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._firewall.session_opened(peer)
            self._wake()

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        """`by_peer`: the other side ended it, as the system does for a process that is killed."""
        if self._is_over:
            return
        with self._fail_stop:
            self._firewall.session_closed(peer, by_peer=by_peer)
            self._wake()

    def received(self, peer: str, frame: bytes) -> None:
        """Raises `wire.MalformedFrame`, having changed nothing."""
        if self._is_over:
            return
        envelope = wire.decode(frame)
        with self._fail_stop:
            self._firewall.received(peer, envelope)
            self._note_leadership()
            self._wake()

    def step(self) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._firewall.run_timers()
            self._note_leadership()
            self._proposals.answer_refused()
            self._proposals.give_up_expired()
            self._transferring.run(applied_index=self._applied_index)
            self._proposals.is_held = self._transferring.is_holding
            self._tick()
            self._apply()
            self._snapshotting.run(self._applied_index)
            self._note_leadership()
            self._reads.run(applied_index=self._applied_index)
            if self._can_go_on:
                self._wake()

    def next_deadline_s(self) -> float:
        """May be earlier than anything that happens then; infinite after a stop."""
        if self._is_over:
            return float("inf")
        return min(
            self._firewall.next_deadline_s(),
            self._proposals.next_deadline_s(),
            self._reads.next_deadline_s(),
        )

    def take_flush(self) -> Flush | None:
        return None if self._is_over else self._wal.take_flush()

    def flushed(self, flush: Flush, duration_s: float) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._observer.log_synced(duration_s, flush.size_bytes)
            self._wal.flushed()
            self._firewall.log_became_durable()
            self._wake()

    def take_job(self) -> Job | None:
        """Long work on files: its steps may be done in another thread, which rests after each."""
        return None if self._is_over else self._workbench.take()

    def job_ended(self, job: Job, error: Exception | None) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._workbench.ended(job, error)
            self._wake()

    def stop(self) -> None:
        """Give up what is open and lead no more; nothing is done after this."""
        if self._is_over:
            return
        with self._fail_stop:
            self._lose_leadership()
            self._proposals.answer_refused()
            self._reads.give_up_all()
            self._transferring.give_up()
        self._is_stopped = True

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._fail_stop.fatal is not None

    @property
    def _can_go_on(self) -> bool:
        """Something is to be done right now, for which nothing else would wake us."""
        if self._reads.can_go_on or self._transferring.can_go_on:
            return True
        return self._proposals.can_go_on and self._may_tick

    @property
    def _may_tick(self) -> bool:
        # Without peers pysyncobj commits in the tick what is in the log: it must be durable first.
        return bool(self._config.peers) or self._wal.durable_index == self._wal.last_index

    def _tick(self) -> None:
        if not self._may_tick:
            return
        payload = self._proposals.pack() if self._announced_term is not None else None
        if payload is not None:
            self._core.append(payload)
        first_new = self._wal.last_index + 1
        self._core.tick()
        for index in range(first_new, self._wal.last_index + 1):
            if len(self._entry_at(index)) > 1:
                self._proposals.logged(index)

    def _apply(self) -> None:
        commands_left = self._config.apply_commands_per_turn_max
        while self._applied_index < self._core.settled_index:
            if commands_left <= 0:
                self._wake()
                return
            commands_left -= self._apply_entry(self._applied_index + 1)

    def _apply_entry(self, index: int) -> int:
        payload = self._entry_at(index)[1:]
        commands = entry.unpack(payload)
        proposals = self._proposals.take(index)
        for number, command in enumerate(commands):
            try:
                result = self._state_machine.apply(index, command)
                if proposals:
                    self._proposals.committed(proposals[number], index, result)
            except Exception as error:
                raise StateMachineRaised(f"at entry {index}: {error!r}") from error
        self._applied_index = index
        self._snapshotting.applied(len(payload))
        self._entries_committed += 1
        self._commands_committed += len(commands)
        self._observer.commands_committed(len(commands))
        return max(1, len(commands))

    def _entry_at(self, index: int) -> bytes:
        found = self._wal.entry_at(index)
        assert found is not None, f"entry {index} is not in the log"
        return found[0]

    def _install(self, snapshot: SnapshotInfo, restoration: Restoration) -> None:
        """A leader's snapshot is on disk. Never backwards: neither the state nor the log (S4f)."""
        index, term = snapshot.index, snapshot.term
        if index > self._applied_index:
            restoration.put_in_place()
            if self._wal.term_at(index) != term:
                # What the log holds from there on is not what was committed, or nothing at all.
                self._wal.begin_anew(index, term)
            self._wal.setRaftCommitIndex(index)
            self._core.jump_to(index)
            self._applied_index = index
            self._observer.snapshot_installed(index, snapshot.size_bytes)
        self._snapshotting.has_newer(snapshot)

    def _note_leadership(self) -> None:
        leads = self._core.is_leader
        if self._announced_term is not None and not (
            leads and self._core.term == self._announced_term
        ):
            self._lose_leadership()
        if leads and self._announced_term is None and self._is_current():
            self._announced_term = self._core.term
            self._listener.leadership_gained(self._announced_term)
        leader_id = self._firewall.elections.known_leader
        if leader_id != self._leader_id:
            self._leader_id = leader_id
            self._observer.leader_changed(leader_id)

    def _is_current(self) -> bool:
        """N24: an entry of the own term is applied, and so is all that was committed before it."""
        return self._wal.term_at(self._applied_index) == self._core.term

    def _lose_leadership(self) -> None:
        if self._announced_term is None:
            return
        term = self._announced_term
        self._announced_term = None
        self._proposals.give_up_all()
        self._reads.give_up_all()
        self._listener.leadership_lost(term)
