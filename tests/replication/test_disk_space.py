"""A disk that fills up stops the log before it stops the process; reads and elections go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replication.engine.disk_space import DiskSpace
from replication.observer import SilentObserver
from replication.replicated_log import Committed, ProposalRefused, ReadReady, RefusalCause
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated


@contextmanager
def led() -> Iterator[tuple[World, Replica]]:
    with simulated(1) as world:
        world.run(0.01)
        yield world, world.elect("a")


def committed(world: World, replica: Replica, command: bytes) -> object:
    outcomes = world.propose(replica, command)
    assert world.run(15.0, until=lambda: bool(outcomes))
    return outcomes[0]


def test_too_little_is_told_once_and_enough_again_is_twice_as_much() -> None:
    told: list[bool] = []
    space = DiskSpace(
        Path("."), reserve_bytes=100, observer=SilentObserver(), on_change=told.append
    )
    for free_bytes in (500, 100, 99, 0, 150, 199, 200, 120, 99):
        space.take_note(free_bytes)
    assert told == [True, False, True]


def test_who_leads_hands_over_to_one_with_more_space() -> None:
    with led() as (world, a):
        a.engine.space_changed(is_short=True)
        assert world.run(1.0, until=lambda: world.leader() not in (None, a))
        leader = world.leader()
        assert leader is not None
        assert isinstance(committed(world, leader, b"x"), Committed)


def test_if_all_are_short_nothing_is_written_but_all_can_be_read() -> None:
    with led() as (world, _):
        for replica in world.replicas.values():
            replica.engine.space_changed(is_short=True)
        world.run(5.0)
        leader = world.leader()
        assert leader is not None
        outcomes = [committed(world, leader, bytes(1000)) for _ in range(10)]
        assert outcomes[-1] == ProposalRefused(RefusalCause.DISK_FULL)
        ready: list[object] = []
        leader.read(ready.append)
        assert world.run(1.0, until=lambda: bool(ready))
        assert isinstance(ready[0], ReadReady)
        assert all(r.is_up for r in world.replicas.values())
        for replica in world.replicas.values():
            replica.engine.space_changed(is_short=False)
        assert isinstance(committed(world, leader, b"again"), Committed)


def test_a_follower_that_was_short_gets_what_it_missed() -> None:
    with led() as (world, a):
        b = world.replicas["b"]
        b.engine.space_changed(is_short=True)
        for number in range(50):
            assert isinstance(committed(world, a, b"%d-" % number + bytes(1000)), Committed)
        world.run(5.0)
        assert len(b.state) < 10
        assert b.engine.status().leader_id == "a", "it is not dead, only full"
        b.engine.space_changed(is_short=False)
        assert world.run(3.0, until=lambda: len(b.state) == 50)
