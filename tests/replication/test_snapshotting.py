"""The log does not grow for ever, and a start does not begin at its beginning."""

from typing import Any

from tests.simulation.raft.disk import SimDisk, failing
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated

SETTINGS: dict[str, Any] = {
    "snapshot_after_entries": 30,
    "trailing_entries": 5,
    "snapshot_retry_ms": 1_000,
}


def write(world: World, replica: Replica, count: int, size_bytes: int = 5_000) -> None:
    for _ in range(count):
        command = b"%d-" % len(world.ledger.proposed) + bytes(size_bytes)
        outcomes = world.propose(replica, command)
        assert world.run(5.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]


def log_bytes(disk: SimDisk) -> int:
    return sum(len(disk.read(name)) for name in disk.names() if name.endswith(".wal"))


def test_the_log_stays_small_however_much_is_written() -> None:
    with simulated(1, "a", **SETTINGS) as world:
        a = world.elect("a")
        write(world, a, 200)
        world.run(1.0)
        assert log_bytes(a.disk) < 60 * 5_000
        assert len(a.wal) <= 40
        assert len([name for name in a.disk.names() if name.endswith(".snapshot")]) == 1


def test_so_many_bytes_are_reason_enough() -> None:
    with simulated(1, "a", snapshot_after_bytes=50_000) as world:
        a = world.elect("a")
        write(world, a, 25)
        world.run(1.0)
        assert world.ledger.captures == 2


def test_a_start_begins_with_the_snapshot() -> None:
    with simulated(1, "a", **SETTINGS) as world:
        a = world.elect("a")
        write(world, a, 100)
        world.run(1.0)
        state = list(a.state)
        a.crash(power=True)
        a.start()
        assert a.engine.status().applied_index >= 60
        assert world.run(5.0, until=lambda: a.state == state)
        write(world, a, 3)


def test_a_full_disk_is_waited_for_and_the_log_goes_on() -> None:
    """N23: and no snapshot, and nothing of the log, is lost by it."""
    with simulated(1, "a", **SETTINGS) as world:
        a = world.elect("a")
        write(world, a, 40)
        old = a.store.newest
        assert old is not None
        a.disk.fault = failing("rename", 28)
        captures, began_s = world.ledger.captures, world.now_s
        write(world, a, 200)
        world.run(3.0)
        tries = world.ledger.captures - captures
        assert 1 <= tries <= 2 + (world.now_s - began_s) / 1.0
        assert a.store.newest == old
        a.disk.fault = None
        world.run(1.0)
        write(world, a, 1)
        assert world.run(5.0, until=lambda: a.store.newest != old)
        assert world.ledger.fatal == []


def test_files_that_could_not_be_removed_go_later_and_leave_no_gap() -> None:
    with simulated(1, "a", **SETTINGS) as world:
        a = world.elect("a")
        a.disk.fault = failing("remove")
        write(world, a, 80)
        a.disk.fault = None
        a.crash(power=True)
        a.start()
        assert world.run(5.0, until=lambda: a.engine.is_leading)
        write(world, a, 80)
        world.run(1.0)
        assert log_bytes(a.disk) < 60 * 5_000
