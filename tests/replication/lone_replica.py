"""One replica of a simulated cluster whose peers are played by the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from replication.engine import wire
from replication.engine.messages import Append, Body, Envelope, Standing
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated

Entry = tuple[bytes, int, int]


def entries(*terms: int, after: int = 1) -> tuple[Entry, ...]:
    """Entries of these terms, from index `after` + 1 on; empty, as a leader's first one."""
    return tuple((b"\x01", index, term) for index, term in enumerate(terms, after + 1))


def envelope_of(frame: bytes) -> Envelope:
    message = wire.decode(frame)
    assert isinstance(message, Envelope)
    return message


def standing_of(peer: str, *, configuration: int = 1) -> Standing:
    """As of a member that has been there from the beginning."""
    return Standing(configuration, f"{peer}1", life=9, incarnation=9, term=1_000)


class LoneReplica:
    """Attributes:
    said: all that the replica has sent, with its receiver.
    """

    def __init__(self, world: World, replica: Replica) -> None:
        self.world = world
        self.replica = replica
        self.said: list[tuple[str, Envelope]] = []
        self._sequence = 0

    def hear(self, peer: str, term: int, body: Body, *, echo: int = 0) -> None:
        self.replica.received(peer, wire.encode(Envelope(term, echo, body)))

    def hear_append(
        self,
        peer: str,
        term: int,
        prev: tuple[int, int],
        new: tuple[Entry, ...],
        *,
        commit: int = 1,
    ) -> None:
        self._sequence += 1
        self.hear(peer, term, Append(self._sequence, prev[0], prev[1], commit, new))

    def run(self, for_s: float) -> None:
        self.world.run(for_s)

    def said_to(self, peer: str) -> list[Body]:
        return [envelope.body for receiver, envelope in self.said if receiver == peer]

    @property
    def terms(self) -> list[int]:
        """The terms of the log, from index 1 on."""
        return [term for _, _, term in self.replica.wal[:]]


@contextmanager
def lone_replica(name: str = "b", names: str = "abc", **settings: Any) -> Iterator[LoneReplica]:
    with simulated(0, names, **settings) as world:
        for other in names:
            if other != name:
                world.replicas[other].crash(power=False)
        world.run(0.1)
        replica = world.replicas[name]
        lone = LoneReplica(world, replica)

        def note(_: str, receiver: str, frame: bytes) -> None:
            lone.said.append((receiver, envelope_of(frame)))

        for other in names:
            if other != name:
                replica.session_closed(other, by_peer=False)
                replica.session_opened(other, standing_of(other))
        world.network.on_send = note
        yield lone
