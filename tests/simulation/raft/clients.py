"""Clients of a simulated cluster: what they asked, when, and what they were told."""

from dataclasses import replace
from typing import Final

from replication.replicated_log import (
    Committed,
    ProposalOutcome,
    ProposalRefused,
    ReadOutcome,
    ReadReady,
)
from tests.simulation.linearizability.checker import Operation
from tests.simulation.linearizability.models import Read, Write
from tests.simulation.linearizability.zones import fits_some_order
from tests.simulation.raft.replica import Replica, Violation
from tests.simulation.raft.world import World

KEYS: Final = 4


class Clients:
    """They write values that are all different, and read, under a few keys."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._written = 0
        self._unanswered: dict[bytes, Operation] = {}
        self._history: list[Operation] = []
        self.reads_told = 0

    def write(self) -> None:
        leading = [r for r in self._world.replicas.values() if r.is_raft_leader and not r.is_paused]
        if not leading:
            return
        replica = self._random.choice(leading)
        for _ in range(self._random.choice((1, 1, 3))):
            self._write_to(replica, self._random.choice((0, 0, 0, 200, 20_000)))

    def read(self) -> None:
        """Whoever believes that it leads is asked, frozen or not: a request waits in its socket."""
        leading = [r for r in self._world.replicas.values() if r.is_raft_leader]
        if not leading:
            return
        replica = self._random.choice(leading)
        key = self._key()
        called_s, life = self._world.now_s, replica.life

        def told(outcome: ReadOutcome) -> None:
            if isinstance(outcome, ReadReady) and replica.life == life:
                self.reads_told += 1
                value = replica.latest.get(key)
                self._history.append(Operation(called_s, self._world.now_s, Read(), value, key))

        replica.read(told)

    def check(self) -> None:
        """C1, C2: there is one order of all writes and reads that explains every answer."""
        if not fits_some_order([*self._history, *self._unanswered.values()]):
            raise Violation("what clients were told fits no order of what they asked")

    def _write_to(self, replica: Replica, size_bytes: int) -> None:
        self._written += 1
        key = self._key()
        command = b"%s:w%d-" % (key, self._written) + bytes(size_bytes)
        self._unanswered[command] = Operation(self._world.now_s, None, Write(command), None, key)

        def told(outcome: ProposalOutcome) -> None:
            if isinstance(outcome, Committed):
                done = replace(self._unanswered.pop(command), returned=self._world.now_s)
                self._history.append(done)
            elif isinstance(outcome, ProposalRefused):
                del self._unanswered[command]

        self._world.propose(replica, command, told)

    def _key(self) -> bytes:
        return b"k%d" % self._random.randrange(KEYS)
