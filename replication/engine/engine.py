"""One replica as a machine: it is told of frames, sessions, syncs and time, and takes steps.

It waits for nothing and starts nothing, so that an event loop and a simulation drive the same
code. After `wake` was called its driver calls `step` soon; after each call it starts what
`take_flush` and `take_job` hand out, and calls `step` again at `next_deadline_s`.
"""

from collections.abc import Callable
from random import Random

from replication.config import ReplicationConfig
from replication.engine import entry, wire
from replication.engine.announcing import Announcing
from replication.engine.applying import Applying
from replication.engine.belonging import Belonging
from replication.engine.fail_stop import FailStop
from replication.engine.files import Directory
from replication.engine.instance import Instance, Surroundings
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import ConfigurationNews, DiskNews, Standing
from replication.engine.outbox import Links
from replication.engine.proposals import Proposals
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.snapshotting import Snapshotting
from replication.engine.wal import Wal
from replication.engine.wal_flush import Flush
from replication.engine.workbench import Job, Workbench
from replication.membership import ChangeListener, MembershipChange, MembershipStatus
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
        membership: what this replica is; of the same directory as `wal` and `store`.
        files: that directory.
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
        membership: MembershipStore,
        files: Directory,
        links: Links,
        now_s: Callable[[], float],
        random: Random,
        wake: Callable[[], None],
        fail_stop: FailStop,
    ) -> None:
        self._config = config
        self._observer = observer
        self._wal = wal
        self._membership = membership
        self._wake = wake
        self._fail_stop = fail_stop
        self._workbench = Workbench()
        self._snapshotting = Snapshotting(
            config,
            store=store,
            files=files,
            state_machine=state_machine,
            wal=wal,
            workbench=self._workbench,
            observer=observer,
            now_s=now_s,
            needed_from=lambda: self._instance.leading.sending.needed_from(),
            being_sent=lambda: self._instance.leading.sending.being_sent,
        )
        self._proposals = Proposals(config, now_s=now_s, observer=observer)
        self._applying = Applying(
            config,
            state_machine=state_machine,
            wal=wal,
            proposals=self._proposals,
            observer=observer,
            applied_index=1 if store.newest is None else store.newest.index,
            on_entry=self._entry_applied,
        )
        self._announcing = Announcing(
            listener,
            instance=lambda: self._instance,
            applied_term=lambda: (
                None if self._belonging.is_between else self._applying.applied_term
            ),
            proposals=self._proposals,
            observer=observer,
        )
        self._is_stopped = False
        self._is_stepping = False
        around = Surroundings(
            config=config,
            membership=membership,
            wal=wal,
            store=store,
            state_machine=state_machine,
            workbench=self._workbench,
            observer=observer,
            links=links,
            install=self._install,
            now_s=now_s,
            random=random,
        )
        self._belonging = Belonging(
            around,
            applied_index=lambda: self._applying.applied_index,
            before_end=self._announcing.lose,
            wake=wake,
        )

    # For those who use the log.

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        if self._is_over:
            return
        self._proposals.add(command, on_outcome, is_leading=self.is_leading)
        if not self._is_stepping:
            self._wake()

    def read(self, on_outcome: ReadListener) -> None:
        if self._is_over:
            return
        self._instance.reads.add(on_outcome, is_leading=self.is_leading)
        self._wake()

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        if self._is_over:
            return
        self._instance.transferring.begin(to, on_outcome, is_leading=self.is_leading)
        self._wake()

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        if self._is_over:
            return
        self._instance.changing.begin(change, on_outcome, is_leading=self.is_leading)
        self._wake()

    def membership(self) -> MembershipStatus:
        return self._belonging.status()

    def status(self) -> LogStatus:
        return LogStatus(
            replica_id=self._config.replica_id,
            leader_id=self.leader_id,
            leading=self.is_leading,
            term=self._instance.core.term,
            commit_index=self._instance.core.commit_index,
            applied_index=self._applying.applied_index,
            last_index=self._wal.last_index,
            entries_committed=self._applying.entries_committed,
            commands_committed=self._applying.commands_committed,
        )

    @property
    def is_leading(self) -> bool:
        return (
            not self._is_over
            and self._announcing.term is not None
            and self._instance.core.is_leader
            and self._instance.leading.has_quorum()
        )

    @property
    def leader_id(self) -> str | None:
        return None if self._is_over else self._instance.elections.known_leader

    @property
    def open_sessions(self) -> frozenset[str]:
        return frozenset(self._belonging.standings)

    @property
    def standing(self) -> Standing:
        """What is said of this replica when a session begins: all of it is on its disk."""
        with self._fail_stop:
            self._wal.make_term_durable()
        return self._belonging.standing

    def last_heard_s(self, peer: str) -> float | None:
        """When a message was sent that this peer has answered; known to a leader only."""
        return self._instance.leading.last_heard_s(peer) if self._instance.core.is_leader else None

    # For the driver.

    def session_opened(self, peer: str, standing: Standing) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._belonging.session_opened(peer, standing)
            self._wake()

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        """`by_peer`: the other side ended it, as the system does for a process that is killed."""
        if self._is_over:
            return
        with self._fail_stop:
            self._belonging.session_closed(peer, by_peer=by_peer)
            self._wake()

    def received(self, peer: str, frame: bytes) -> None:
        """Raises `wire.MalformedFrame`, having changed nothing."""
        if self._is_over or peer not in self._belonging.standings:
            return
        message = wire.decode(frame)
        with self._fail_stop:
            match message:
                case ConfigurationNews():
                    self._belonging.hear_configuration(peer, message.configuration)
                case DiskNews():
                    self._belonging.hear_disk(message)
                case _:
                    self._belonging.note_promise(peer, message)
                    self._instance.firewall.received(peer, message)
                    if self._instance.is_of_no_consequence(message.body):
                        return
            self._announcing.note()
            self._wake()

    def step(self) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            if self._belonging.run():
                self._is_stepping = True
                self._step()
                self._is_stepping = False

    def next_deadline_s(self) -> float:
        """May be earlier than anything that happens then; infinite after a stop."""
        if self._is_over or self._belonging.is_waiting_for_disk:
            return float("inf")
        return min(
            self._instance.next_deadline_s(),
            self._proposals.next_deadline_s(),
            self._belonging.next_deadline_s(),
        )

    def space_changed(self, *, is_short: bool) -> None:
        """The disk has too little space left, or enough again."""
        self._proposals.is_short_of_space = is_short
        self._belonging.is_short_of_space = is_short
        if is_short and self.is_leading:
            # Another one may have more.
            self.transfer_leadership(None, lambda outcome: None)

    def take_flush(self) -> Flush | None:
        return None if self._is_over else self._wal.take_flush()

    def flushed(self, flush: Flush, duration_s: float) -> None:
        if self._is_over:
            return
        with self._fail_stop:
            self._observer.log_synced(duration_s, flush.size_bytes)
            self._wal.flushed()
            self._instance.firewall.log_became_durable()
            is_quiet = self._instance.is_led_quietly or self._instance.is_following
            if not is_quiet or self._belonging.is_between or not self._wal.is_flushed:
                self._wake()

    def take_note(self) -> Flush | None:
        """When nothing was flushed for a while; `note_written` follows, and no `flushed`."""
        return None if self._is_over else self._wal.take_note()

    def note_written(self) -> None:
        self._wal.note_written()

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
            self._announcing.lose()
            self._proposals.answer_refused()
            self._instance.reads.give_up_all()
            self._instance.transferring.give_up()
            self._instance.changing.give_up()
        self._is_stopped = True

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._fail_stop.fatal is not None

    @property
    def _can_go_on(self) -> bool:
        instance = self._instance
        return (self._proposals.can_go_on and instance.may_tick) or instance.can_go_on

    @property
    def _instance(self) -> Instance:
        return self._belonging.instance

    # The log.

    def _step(self) -> None:
        self._instance.firewall.run_timers()
        self._announcing.note()
        self._proposals.answer_refused()
        self._proposals.give_up_expired()
        self._instance.transferring.run(applied_index=self._applying.applied_index)
        commit_index, last_index = self._instance.core.commit_index, self._wal.last_index
        self._tick()
        self._seal()
        self._apply()
        if self._proposals.can_go_on and not self._belonging.is_between:
            # What was applied made room for what waits, or was answered with more.
            self._tick()
        if commit_index < self._instance.core.commit_index and last_index == self._wal.last_index:
            self._instance.leading.commit_advanced()
        self._snapshotting.run(self._applying.applied_index)
        self._announcing.note()
        self._instance.reads.run(applied_index=self._applying.applied_index)
        if self._can_go_on:
            self._wake()

    def _tick(self) -> None:
        core = self._instance.core
        if not self._instance.may_tick:
            return
        self._proposals.is_held = self._instance.is_holding
        payload = self._proposals.pack() if self._announcing.term is not None else None
        if payload is not None:
            core.append(payload)
        first_new = self._wal.last_index + 1
        core.tick()
        self._instance.leading.ticked()
        if core.is_leader and self._wal.last_index >= first_new:
            core.send()
        for index in range(first_new, self._wal.last_index + 1):
            found = self._wal.entry_at(index)
            assert found is not None
            if entry.holds_commands(found[0][1:]):
                self._proposals.logged(index)

    def _apply(self) -> None:
        if self._belonging.is_between:
            return
        settled_index = self._instance.core.settled_index
        number = self._membership.configuration.number
        sealed = self._applying.run(settled_index, number=number)
        if sealed is not None:
            self._belonging.end_with(sealed)
        elif self._applying.applied_index < settled_index:
            self._wake()

    def _entry_applied(self, index: int, size_bytes: int) -> None:
        self._snapshotting.applied(size_bytes)
        self._instance.firewall.digesting.applied(index)

    def _install(self, snapshot: SnapshotInfo, restoration: Restoration) -> None:
        """A leader's snapshot is on disk. Never backwards: neither the state nor the log (S4f)."""
        index, term = snapshot.index, snapshot.term
        if index > self._applying.applied_index:
            restoration.put_in_place()
            if self._wal.term_at(index) != term:
                # What the log holds from there on is not what was committed, or nothing at all.
                self._wal.begin_anew(index, term)
            self._wal.setRaftCommitIndex(index)
            self._instance.core.jump_to(index)
            self._applying.applied_index = index
            self._observer.snapshot_installed(index, snapshot.size_bytes)
        self._snapshotting.has_newer(snapshot)

    def _seal(self) -> None:
        changing = self._instance.changing
        configuration = changing.run(is_leading=self.is_leading)
        if configuration is not None:
            self._instance.core.append(entry.pack_seal(configuration))
            self._tick()
        changing.answer()
        self._belonging.meet_learners()
