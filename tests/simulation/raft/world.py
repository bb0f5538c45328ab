"""Whole clusters of the real engine under pretended time: one seed, one story."""

import heapq
import itertools
import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from replication.config import PeerAddress, ReplicationConfig
from replication.engine.engine import Engine
from replication.engine.fail_stop import FailStop, Fatal
from replication.engine.pinned import syncobj
from replication.engine.term_file import TermFile
from replication.engine.wal import Flush, Wal
from replication.observer import SilentObserver
from replication.replicated_log import (
    Committed,
    ProposalOutcome,
    ProposalRefused,
    ReadListener,
    TransferListener,
)
from tests.simulation.raft.disk import SimDisk
from tests.simulation.raft.network import Network

DISK_SYNC_S = 0.002
STEP_DELAY_S = 0.0001


class Violation(AssertionError):
    """An invariant of the fault model does not hold."""


@dataclass
class Ledger:
    """What the world saw, apart from what any replica believes.

    Attributes:
        leaders: who led in each term.
        applied: the commands of each index, as first applied anywhere.
        proposed, acknowledged: commands, in order.
    """

    leaders: dict[int, str] = field(default_factory=dict)
    applied: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    proposed: list[bytes] = field(default_factory=list)
    acknowledged: list[bytes] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    fatal: list[tuple[str, Fatal]] = field(default_factory=list)
    leadership: list[tuple[float, str, str, int]] = field(default_factory=list)


class Replica:
    """One process: dies with all its memory, and starts again from its disk."""

    def __init__(self, world: "World", config: ReplicationConfig) -> None:
        self.world = world
        self.config = config
        self.name = config.replica_id
        self.disk = SimDisk(world.random)
        TermFile.create(self.disk)
        self.is_up = False
        self.is_paused = False
        self.is_rotten = False
        self.sync_s = DISK_SYNC_S
        self.life = 0
        self.start()

    def start(self) -> None:
        assert not self.is_up
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
        self.wal = Wal(self.disk, segment_bytes_max=self.config.segment_bytes_max)
        self.engine = Engine(
            self.config,
            state_machine=self,
            listener=self,
            observer=SilentObserver(),
            wal=self.wal,
            links=self,
            now_s=lambda: self.world.now_s,
            random=Random(self.world.random.random()),
            wake=self._wake,
            fail_stop=FailStop(self._died),
        )
        self._after()

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

    @property
    def is_raft_leader(self) -> bool:
        return self.is_up and self.engine._core.is_leader

    # network.Host

    def session_opened(self, peer: str) -> None:
        self.engine.session_opened(peer)
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

    # StateMachine

    def apply(self, index: int, command: bytes) -> object:
        if index != self._index_applied:
            self._check_entry()
            self._index_applied = index
            self._commands_at_index = []
        self._commands_at_index.append(command)
        self.state.append(command)
        key, colon, _ = command.partition(b":")
        if colon:
            self.latest[key] = command
        return len(self.state)

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

        self._later(self.sync_s * (0.5 + self.world.random.random()), end)

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


class World:
    def __init__(self, seed: int, names: str, **settings: Any) -> None:
        self.random = Random(seed)
        self.now_s = 1000.0
        self.ledger = Ledger()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.network = Network(now_s=lambda: self.now_s, at=self.at, random=self.random)
        self.replicas: dict[str, Replica] = {}
        for name in names:
            config = ReplicationConfig(
                cluster_id="simulated",
                replica_id=name,
                data_directory=Path("nowhere"),
                peers={other: PeerAddress("localhost", 1) for other in names if other != name},
                **{"segment_bytes_max": 65_536, **settings},
            )
            self.replicas[name] = Replica(self, config)
            self.network.add(name, self.replicas[name])
        for a, b in itertools.combinations(names, 2):
            self.network.dial(a, b)

    def at(self, delay_s: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + delay_s, next(self._order), call))

    def run(self, for_s: float, until: Callable[[], bool] | None = None) -> bool:
        """Whether `until` came true; time stands then where it did."""
        end_s = self.now_s + for_s
        while self._events and self._events[0][0] <= end_s:
            self.now_s, _, call = heapq.heappop(self._events)
            call()
            if until is not None and until():
                return True
        self.now_s = end_s
        return False

    def leader(self) -> Replica | None:
        """Who leads, and says so; of several the one in the highest term."""
        leading = [r for r in self.replicas.values() if r.is_up and r.engine.is_leading]
        return max(leading, key=lambda r: r.engine.status().term, default=None)

    def elect(self, name: str) -> Replica:
        """Have this replica win the next election."""
        chosen = self.replicas[name]
        for replica in self.replicas.values():
            if replica.is_up:
                replica.engine._firewall.elections.deadline_s = self.now_s + (
                    0.0 if replica is chosen else 3.0
                )
                replica._wake()
        assert self.run(20.0, until=lambda: self.leader() is chosen), f"{name} was not elected"
        return chosen

    def propose(
        self,
        replica: Replica,
        command: bytes,
        listener: Callable[[ProposalOutcome], None] = lambda outcome: None,
    ) -> list[ProposalOutcome]:
        """The list will hold the outcome."""
        outcomes: list[ProposalOutcome] = []

        def on_outcome(outcome: ProposalOutcome) -> None:
            assert not outcomes, "answered twice"
            outcomes.append(outcome)
            if isinstance(outcome, Committed):
                self.ledger.acknowledged.append(command)
            elif isinstance(outcome, ProposalRefused):
                self.ledger.refused.add(command)
            listener(outcome)

        self.ledger.proposed.append(command)
        replica.propose(command, on_outcome)
        return outcomes

    def partition(self, *sides: str, at_once: bool = True) -> None:
        for one, other in itertools.combinations(sides, 2):
            for a in one:
                for b in other:
                    self.network.cut(a, b, at_once=at_once)

    def check(self, replica: Replica) -> None:
        """R1: one leader a term. R8: applied <= committed <= last."""
        if not replica.is_raft_leader:
            return
        term = replica.engine._core.term
        leader = self.ledger.leaders.setdefault(term, replica.name)
        if leader != replica.name:
            raise Violation(f"{leader} and {replica.name} both lead in term {term}")
        status = replica.engine.status()
        if not status.applied_index <= status.commit_index <= status.last_index:
            raise Violation(f"out of order: {status}")

    def fingerprint(self) -> int:
        """Alike for two runs only if they told the same story."""
        story = repr((self.now_s, self.network.frames_sent, self.ledger.leadership))
        return zlib.crc32(story.encode())


class _NoPoller:
    def poll(self, timeout: float) -> None:
        pass


@contextmanager
def simulated(seed: int, names: str = "abc", **settings: Any) -> Iterator[World]:
    """A world, with pysyncobj's clock set to its time while it lasts."""
    clock, poller = syncobj.monotonicTime, syncobj.createPoller
    time_s = [1000.0]
    syncobj.monotonicTime = lambda: time_s[0]
    syncobj.createPoller = lambda kind: _NoPoller()
    complaints = logging.getLogger("pysyncobj")
    was_propagating, complaints.propagate = complaints.propagate, False
    try:
        world = World(seed, names, **settings)
        syncobj.monotonicTime = lambda: world.now_s
        yield world
    finally:
        syncobj.monotonicTime, syncobj.createPoller = clock, poller
        complaints.propagate = was_propagating
