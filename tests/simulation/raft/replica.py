"""One replica of a simulated cluster: the real engine on a pretended disk and network."""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING

from replication.config import PeerAddress, ReplicationConfig
from replication.engine.engine import Engine
from replication.engine.fail_stop import FailStop, Fatal
from replication.engine.healing import open_log
from replication.engine.identity import IdentityFile
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import Standing
from replication.engine.wal_flush import Flush
from replication.engine.workbench import Job
from replication.membership import ChangeListener, MembershipChange
from replication.observer import SilentObserver
from replication.replicated_log import (
    ProposalOutcome,
    ReadListener,
    TransferListener,
)
from tests.simulation.raft.commands import CapturedCommands, RestoredCommands
from tests.simulation.raft.disk import PowerLoss, SimDisk

if TYPE_CHECKING:
    from tests.simulation.raft.world import World

DISK_SYNC_S = 0.002
STEP_DELAY_S = 0.0001


class Violation(AssertionError):
    """An invariant of the fault model does not hold."""


class Replica:
    """One process: dies with all its memory, and starts again from its disk.

    Attributes:
        is_astray: its state machine makes something else of each command than the others' do.
    """

    def __init__(self, world: "World", config: ReplicationConfig) -> None:
        self.world = world
        self.config = config
        self.name = config.replica_id
        self.disk = SimDisk(world.random)
        self.disks = 0
        self.copy_of_disk: dict[str, bytes] = {}
        self.is_up = False
        self.is_paused = False
        self.is_astray = False
        self.sync_s = DISK_SYNC_S
        self.life = 0

    def start(self) -> None:
        """A power loss that was on its way may strike right in it."""
        assert not self.is_up
        try:
            self._start()
        except PowerLoss:
            self.is_up = False
            self.disk.lose_power()
            self._start()

    def _start(self) -> None:
        self._begin_life()
        self.contacts: Mapping[str, PeerAddress] = {}
        self.membership = self.open_disk()
        store, self.wal = open_log(
            self.disk,
            self.membership,
            segment_bytes_max=self.config.segment_bytes_max,
            new_disk_id=self._new_disk_id,
        )
        if store.newest is not None:
            restoration = self.restore(store.newest.index)
            for chunk in store.chunks(store.newest):
                restoration.take(chunk)
            restoration.put_in_place()
        self.store = store
        self.engine = Engine(
            self.config,
            state_machine=self,
            listener=self,
            observer=SilentObserver(),
            wal=self.wal,
            store=store,
            membership=self.membership,
            files=self.disk,
            links=self,
            now_s=lambda: self.world.now_s,
            random=Random(self.world.random.random()),
            wake=self._wake,
            fail_stop=FailStop(self._died),
        )
        self._after()

    def open_disk(self) -> MembershipStore:
        """A life begins on whatever disk is there."""
        identity = IdentityFile.begin_life(
            self.disk, self.config.cluster_id, self.name, new_disk_id=self._new_disk_id
        )
        return MembershipStore(self.disk, identity, incarnation=self.life)

    def _new_disk_id(self) -> str:
        self.disks += 1
        return f"{self.name}{self.disks}"

    def _begin_life(self) -> None:
        self.is_up = True
        self.is_paused = False
        self.life += 1
        self._due_while_paused: list[Callable[[], None]] = []
        self._asked_while_paused: list[ReadListener] = []
        self._step_is_due = False
        self._ring_s = float("inf")
        self.state: list[bytes] = []
        self.latest: dict[bytes, bytes] = {}
        self._index_applied = 1
        self._commands_at_index: list[bytes] = []

    def crash(self, *, power: bool, with_word: bool = True) -> None:
        if not self.is_up:
            return
        self.is_up = False
        self.engine._is_stopped = True
        self.life += 1
        self.disk.lose_power() if power else self.disk.keep_all()
        self.world.network.host_died(self.name, with_word=with_word)

    def pause(self, for_s: float) -> None:
        if self.is_up and not self.is_paused:
            self.is_paused = True
            life = self.life
            self.world.at(for_s, lambda: self.resume() if self.life == life else None)

    def end_fault(self, fault: Callable[[str], None]) -> None:
        if self.disk.fault is fault:
            self.disk.fault = None

    def resume(self) -> None:
        if not self.is_paused:
            return
        self.is_paused = False
        due, self._due_while_paused = self._due_while_paused, []
        asked, self._asked_while_paused = self._asked_while_paused, []
        for on_outcome in asked:
            # Before it hears of anything that happened meanwhile.
            self.read(on_outcome)
        self.world.network.resume(self.name)
        for call in due:
            call()

    def propose(self, command: bytes, on_outcome: Callable[[ProposalOutcome], None]) -> None:
        self.engine.propose(command, on_outcome)
        self._after()

    def read(self, on_outcome: ReadListener) -> None:
        if self.is_paused:
            self._asked_while_paused.append(on_outcome)
            return
        self.engine.read(on_outcome)
        self._after()

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        self.engine.transfer_leadership(to, on_outcome)
        self._after()

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        self.engine.change_members(change, on_outcome)
        self._after()

    def get_another_disk(self, files: dict[str, bytes]) -> None:
        """While it is down: an empty one, or an old copy of its own."""
        assert not self.is_up
        self.disk.become(files)

    @property
    def is_member(self) -> bool:
        """By the newest configuration that anybody knows."""
        newest = max(
            (r.membership.configuration for r in self.world.replicas.values()),
            key=lambda configuration: configuration.number,
        )
        return self.name in newest.members

    @property
    def is_raft_leader(self) -> bool:
        return self.is_up and self.engine._instance.core.is_leader

    # network.Host

    @property
    def standing(self) -> Standing:
        return self.engine.standing

    def session_opened(self, peer: str, standing: Standing) -> None:
        self.engine.session_opened(peer, standing)
        self._after()

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        self.engine.session_closed(peer, by_peer=by_peer)
        self._after()

    def received(self, peer: str, frame: bytes) -> None:
        self.engine.received(peer, frame)
        self._after()

    # outbox.Links

    def send(self, peer: str, frame: bytes) -> None:
        self.world.network.send(self.name, peer, frame)

    def close_session(self, peer: str) -> None:
        self.world.network.close_session(self.name, peer)

    def set_contacts(self, contacts: Mapping[str, PeerAddress]) -> None:
        ended = set(self.contacts) - set(contacts)
        self.contacts = contacts
        for peer in ended:
            # The engine has ended it, or will when the network tells.
            self._later(0.0, lambda peer=peer: self.world.network.reset(self.name, peer))  # type: ignore[misc]
        for peer in contacts:
            self._later(0.0, lambda peer=peer: self.world.network.meet(self.name, peer))  # type: ignore[misc]

    # StateMachine

    def apply(self, index: int, command: bytes) -> object:
        if index != self._index_applied:
            self._check_entry()
            self._index_applied = index
            self._commands_at_index = []
        self._commands_at_index.append(command)
        self.state.append(command + b"?" if self.is_astray else command)
        self._note_latest(command)
        return len(self.state)

    def _note_latest(self, command: bytes) -> None:
        key, colon, _ = command.partition(b":")
        if colon:
            self.latest[key] = command

    def capture(self) -> CapturedCommands:
        """R11: what is captured is the fold of all entries up to this one."""
        self._check_entry()
        index = self.engine.status().applied_index
        if not self.is_astray and self.state != self.world.ledger.fold(index):
            raise Violation(f"{self.name} captures something else than the entries up to {index}")
        self.world.ledger.captures += 1
        return CapturedCommands(self.state)

    def restore(self, index: int) -> RestoredCommands:
        life = self.life

        def put_in_place(commands: list[bytes]) -> None:
            assert self.life == life
            if commands != self.world.ledger.fold(index):
                raise Violation(f"{self.name} restores something else than entries up to {index}")
            if len(commands) < len(self.state):
                raise Violation(f"{self.name} goes back to entry {index}")
            if self.state:
                self.world.ledger.installs.append((self.name, index))
            self.state = commands
            self.latest = {}
            for command in commands:
                self._note_latest(command)
            self._index_applied = index
            self._commands_at_index = []

        return RestoredCommands(put_in_place)

    def _check_entry(self) -> None:
        """R5: no two replicas apply different entries at one index."""
        if self._commands_at_index:
            commands = tuple(self._commands_at_index)
            first = self.world.ledger.applied.setdefault(self._index_applied, commands)
            if first != commands:
                raise Violation(f"{self.name} applied another entry {self._index_applied}")

    # LeadershipListener

    def leadership_gained(self, term: int) -> None:
        self.world.ledger.leadership.append((self.world.now_s, self.name, "gained", term))

    def leadership_lost(self, term: int) -> None:
        self.world.ledger.leadership.append((self.world.now_s, self.name, "lost", term))

    # The driver.

    def _wake(self) -> None:
        if not self._step_is_due:
            self._step_is_due = True
            self._later(STEP_DELAY_S * (0.5 + self.world.random.random()), self._step)

    def _step(self) -> None:
        self._step_is_due = False
        self.engine.step()
        self._after()

    def _ring(self) -> None:
        self._ring_s = float("inf")
        self._step()

    def _after(self) -> None:
        if not self.is_up:
            return
        self.world.check(self)
        flush = self.engine.take_flush()
        if flush is not None:
            self._begin(flush)
        job = self.engine.take_job()
        if job is not None:
            self._later(self._job_step_s(job), lambda: self._do_step(job))
        deadline_s = self.engine.next_deadline_s()
        if self.is_up and deadline_s < self._ring_s:
            self._ring_s = deadline_s
            self._later(max(1e-6, deadline_s - self.world.now_s), self._ring)

    def _begin(self, flush: Flush) -> None:
        try:
            flush.write()
        except Exception as error:
            self.engine._fail_stop.stop(error)
            return
        began_s = self.world.now_s

        def end() -> None:
            try:
                flush.sync()
            except Exception as error:
                self.engine._fail_stop.stop(error)
                return
            self.engine.flushed(flush, self.world.now_s - began_s)
            self._after()
            self._write_note()

        self._later(self.sync_s * (0.5 + self.world.random.random()), end)

    def _write_note(self) -> None:
        note = self.engine.take_note()
        if note is None:
            return
        try:
            note.write()
        except Exception as error:
            self.engine._fail_stop.stop(error)
            return
        self.engine.note_written()

    def _do_step(self, job: Job) -> None:
        try:
            next(job.steps)
        except StopIteration:
            self.engine.job_ended(job, None)
            self._after()
        except Exception as error:
            self.engine.job_ended(job, error)
            self._after()
        else:
            self._later(self._job_step_s(job), lambda: self._do_step(job))

    def _job_step_s(self, job: Job) -> float:
        longest_s = STEP_DELAY_S if job.name == "digest" else self.sync_s
        return longest_s * self.world.random.random()

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        life = self.life

        def run() -> None:
            if self.life != life:
                return
            if self.is_paused:
                self._due_while_paused.append(call)
                return
            call()

        self.world.at(delay_s, run)

    def _died(self, fatal: Fatal) -> None:
        self.world.ledger.fatal.append((self.name, fatal))
        self.world.at(0.0, lambda life=self.life: self._fall(life))  # type: ignore[misc]

    def _fall(self, life: int) -> None:
        if self.life == life:
            self.crash(power=True)
