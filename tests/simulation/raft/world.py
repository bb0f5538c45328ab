"""Whole clusters of the real engine under pretended time: one seed, one story."""

import heapq
import itertools
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from replication.config import PeerAddress, ReplicationConfig
from replication.membership import (
    ChangeOutcome,
    Configuration,
    Member,
    MembershipChange,
    NewMember,
)
from replication.replicated_log import (
    Committed,
    ProposalOutcome,
    ProposalRefused,
)
from tests.simulation.raft.ledger import Ledger
from tests.simulation.raft.network import Network
from tests.simulation.raft.pretended_time import pretended_time
from tests.simulation.raft.replica import Replica, Violation

START_S = 1000.0


@dataclass
class Told:
    """All stories of this process together: how long they last in the world, and how long here."""

    simulated_s: float = 0.0
    took_s: float = 0.0


TOLD: Final = Told()


class World:
    def __init__(
        self, seed: int, names: str, replica_type: type[Replica] = Replica, **settings: Any
    ) -> None:
        self.random = Random(seed)
        self.now_s = START_S
        self.ledger = Ledger()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.network = Network(now_s=lambda: self.now_s, at=self.at, random=self.random)
        self._replica_type = replica_type
        self._settings = {"segment_bytes_max": 65_536, "digest_every_entries": 50, **settings}
        self.replicas: dict[str, Replica] = {}
        for name in names:
            self.add(name, names)
        self._found(names)
        for replica in self.replicas.values():
            replica.start()
        for a, b in itertools.combinations(names, 2):
            self.network.dial(a, b)

    def add(self, name: str, peers: str) -> Replica:
        """A replica with an empty disk, which is not started yet."""
        config = ReplicationConfig(
            cluster_id="simulated",
            replica_id=name,
            data_directory=Path("nowhere"),
            peers={other: PeerAddress("localhost", 1) for other in peers if other != name},
            **self._settings,
        )
        replica = self.replicas[name] = self._replica_type(self, config)
        self.network.add(name, replica)
        return replica

    def add_spares(self, names: str) -> None:
        """Replicas that wait to be made members."""
        for name in names:
            self.add(name, "".join((*self.replicas, name))).start()

    def _found(self, names: str) -> None:
        """A cluster that has begun already: how that comes about has tests of its own."""
        members = {n: Member(f"{n}1", PeerAddress("localhost", 1)) for n in names}
        for replica in self.replicas.values():
            replica.open_disk().adopt(Configuration(1, members))

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
                replica.engine._instance.elections.deadline_s = self.now_s + (
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

    def change_members(
        self, replica: Replica, *, add: str = "", remove: str = ""
    ) -> list[ChangeOutcome]:
        """The list will hold the outcome."""
        outcomes: list[ChangeOutcome] = []

        def on_outcome(outcome: ChangeOutcome) -> None:
            assert not outcomes, "answered twice"
            outcomes.append(outcome)

        added = {name: NewMember(PeerAddress("localhost", 1)) for name in add}
        replica.change_members(MembershipChange(added, frozenset(remove)), on_outcome)
        return outcomes

    def partition(self, *sides: str, at_once: bool = True) -> None:
        for one, other in itertools.combinations(sides, 2):
            for a in one:
                for b in other:
                    self.network.cut(a, b, at_once=at_once)

    def check(self, replica: Replica) -> None:
        """R1: one leader a term. R8: applied <= committed <= last. One successor to each
        configuration, and one entry that it begins with."""
        configuration = replica.membership.configuration
        number = configuration.number
        first = self.ledger.configurations.setdefault(number, configuration)
        if first != configuration:
            raise Violation(f"two configurations {number}: {first} and {configuration}")
        if not replica.is_raft_leader or replica.engine._belonging.is_between:
            return
        term = replica.engine._instance.core.term
        leader = self.ledger.leaders.setdefault((number, term), replica.name)
        if leader != replica.name:
            raise Violation(f"{leader} and {replica.name} both lead in term {term}")
        status = replica.engine.status()
        if not status.applied_index <= status.commit_index <= status.last_index:
            raise Violation(f"out of order: {status}")

    def fingerprint(self) -> int:
        """Alike for two runs only if they told the same story."""
        story = repr((self.now_s, self.network.frames_sent, self.ledger.leadership))
        return zlib.crc32(story.encode())


@contextmanager
def simulated(seed: int, names: str = "abc", **settings: Any) -> Iterator[World]:
    """A world, with pysyncobj's clock set to its time while it lasts."""
    worlds: list[World] = []
    with pretended_time(lambda: worlds[0].now_s if worlds else START_S):
        began_s = time.perf_counter()
        worlds.append(World(seed, names, **settings))
        try:
            yield worlds[0]
        finally:
            TOLD.simulated_s += worlds[0].now_s - START_S
            TOLD.took_s += time.perf_counter() - began_s
