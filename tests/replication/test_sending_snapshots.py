"""A replica that was away for too long catches up by a snapshot, and disturbs nobody."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from replication.engine.messages import Append, SnapshotPart
from tests.replication.lone_replica import envelope_of
from tests.simulation.raft.disk import failing
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated

SETTINGS: dict[str, Any] = {
    "snapshot_after_entries": 40,
    "trailing_entries": 5,
    "transfer_chunk_bytes": 4096,
}


class Tap:
    """Counts what is sent to one replica."""

    def __init__(self, world: World, receiver: str) -> None:
        self._receiver = receiver
        self.part_bytes = 0
        self.appends = 0
        world.network.on_send = self._note

    def _note(self, _: str, receiver: str, frame: bytes) -> None:
        if receiver != self._receiver:
            return
        match envelope_of(frame).body:
            case SnapshotPart(data=data):
                self.part_bytes += len(data)
            case Append():
                self.appends += 1
            case _:
                pass


def write(world: World, leader: Replica, count: int, size_bytes: int = 2000) -> None:
    for number in range(count):
        command = b"%d-%d-" % (len(world.ledger.proposed), number) + bytes(size_bytes)
        outcomes = world.propose(leader, command)
        assert world.run(5.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]


@contextmanager
def one_left_behind() -> Iterator[tuple[World, Replica, Replica]]:
    """A leader, and a replica that lacks what the others no longer have in their logs."""
    with simulated(5, **SETTINGS) as world:
        a, c = world.elect("a"), world.replicas["c"]
        c.crash(power=False)
        write(world, a, 100)
        world.run(1.0)
        assert a.wal.first_index > 50
        yield world, a, c


def catches_up(world: World, a: Replica, c: Replica, within_s: float = 10.0) -> bool:
    return world.run(within_s, until=lambda: c.is_up and c.state == a.state)


def test_who_was_away_too_long_gets_the_state_and_then_the_entries_after_it() -> None:
    with one_left_behind() as (world, a, c):
        tap = Tap(world, "c")
        c.start()
        assert catches_up(world, a, c)
        assert len(world.ledger.installs) == 0, "there was no state before, so none was replaced"
        assert tap.part_bytes == a.store.newest.size_bytes  # type: ignore[union-attr]
        write(world, a, 3)
        assert catches_up(world, a, c)


def test_a_transfer_longer_than_an_election_timeout_deposes_nobody() -> None:
    """N19, N11: and no flood of frames goes with it."""
    with one_left_behind() as (world, a, c):
        term = a.engine.status().term
        c.sync_s = 0.4
        c.start()
        began_s, frames = world.now_s, world.network.frames_sent
        write(world, a, 10, size_bytes=0)
        assert catches_up(world, a, c, within_s=60.0)
        assert world.now_s - began_s > 3.0
        assert world.network.frames_sent - frames < 150 * (world.now_s - began_s)
        assert a.engine.status().term == term
        assert a.engine.is_leading


def test_a_broken_session_does_not_begin_it_again() -> None:
    with one_left_behind() as (world, a, c):
        tap = Tap(world, "c")
        c.sync_s = 0.05
        c.start()
        size_bytes = a.store.newest.size_bytes  # type: ignore[union-attr]
        for part in (3, 2):
            assert world.run(5.0, until=lambda part=part: tap.part_bytes > size_bytes // part)  # type: ignore[misc]
            world.network.reset("a", "c")
        assert catches_up(world, a, c)
        window_bytes = 8 * 4096
        assert tap.part_bytes <= size_bytes + 2 * window_bytes


def test_what_follows_the_snapshot_is_kept_while_it_is_sent() -> None:
    with one_left_behind() as (world, a, c):
        tap = Tap(world, "c")
        c.sync_s = 0.3
        c.start()
        assert world.run(5.0, until=lambda: tap.part_bytes > 0)
        first = a.store.newest
        assert first is not None
        write(world, a, 90, size_bytes=0)
        assert a.store.newest != first
        assert a.wal.first_index <= first.index
        assert catches_up(world, a, c, within_s=60.0)
        assert tap.part_bytes < first.size_bytes + 8 * 4096, "one transfer was enough"


def test_a_receiver_that_dies_in_the_middle_begins_anew() -> None:
    with one_left_behind() as (world, a, c):
        tap = Tap(world, "c")
        c.sync_s = 0.05
        c.start()
        for _ in range(3):
            before = tap.part_bytes
            assert world.run(5.0, until=lambda before=before: tap.part_bytes > before + 40_000)  # type: ignore[misc]
            c.crash(power=True)
            c.start()
        assert catches_up(world, a, c)


def test_all_that_was_sent_may_be_thrown_away_after_a_new_session_began() -> None:
    """The failure answers what was sent in the old session, after the new one has been told that
    all is there: the leader has nothing more to send, and must ask again."""
    with one_left_behind() as (world, a, c):
        c.sync_s = 0.05
        c.start()
        receiving = c.engine._instance.firewall._receiving
        size_bytes = a.store.newest.size_bytes  # type: ignore[union-attr]

        def is_written() -> bool:
            incoming = receiving._incoming
            return incoming is not None and incoming.written_bytes == size_bytes

        assert world.run(20.0, until=is_written)
        c.disk.fault = failing("rename", errno.ENOSPC)
        world.network.reset("a", "c")
        assert world.run(5.0, until=lambda: receiving._incoming is None)
        assert a.name in c.engine.open_sessions, "the new session came before the failure"
        c.disk.fault = None
        assert catches_up(world, a, c)


def test_a_leader_that_dies_in_the_middle_is_replaced_and_so_is_its_snapshot() -> None:
    with one_left_behind() as (world, a, c):
        tap = Tap(world, "c")
        c.sync_s = 0.05
        c.start()
        assert world.run(5.0, until=lambda: tap.part_bytes > 40_000)
        a.crash(power=True)
        assert world.run(10.0, until=lambda: c.state == world.replicas["b"].state != [])


def test_a_replica_a_little_behind_gets_entries() -> None:
    """N6."""
    with simulated(6, **{**SETTINGS, "trailing_entries": 200}) as world:
        a, c = world.elect("a"), world.replicas["c"]
        tap = Tap(world, "c")
        world.partition("ab", "c")
        write(world, a, 4)
        world.network.mend_all()
        for _ in range(30):
            write(world, a, 4)
        assert catches_up(world, a, c)
        assert tap.part_bytes == 0
        assert world.ledger.captures > 3
