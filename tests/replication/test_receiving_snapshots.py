"""A leader's snapshot: used whole or not at all, never backwards, promised when durable."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from replication.engine.messages import (
    HeartbeatAnswer,
    Matched,
    Retry,
    SnapshotPart,
    SnapshotProgress,
    Stale,
)
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from tests.replication.lone_replica import LoneReplica, entries, lone_replica, standing_of
from tests.simulation.raft.commands import CapturedCommands
from tests.simulation.raft.disk import SimDisk

INDEX = 9
STATE = [b"%d" % number * 400 for number in range(30)]


class Sender:
    """Plays a leader that has a snapshot of `STATE`."""

    def __init__(self, lone: LoneReplica, index: int = INDEX, term: int = 1) -> None:
        lone.world.ledger.applied[index] = tuple(STATE)
        store = SnapshotStore(SimDisk(Random(0)))
        *_, info = store.write(CapturedCommands(STATE), index, term)
        assert info is not None
        self._lone = lone
        self._sequence = 100
        self.info: SnapshotInfo = info
        self.data = store.read(info, 0, info.size_bytes)

    def send(self, start: int, end: int, *, peer: str = "a", term: int = 1) -> None:
        self._sequence += 1
        part = SnapshotPart(self._sequence, self.info, start, self.data[start:end])
        self._lone.hear(peer, term, part)

    def send_all(self) -> None:
        half = len(self.data) // 2
        self.send(0, 0)
        self.send(0, half)
        self.send(half, len(self.data))
        self._lone.run(0.3)


@contextmanager
def a_follower() -> Iterator[tuple[LoneReplica, Sender]]:
    with lone_replica() as b:
        yield b, Sender(b)


def test_a_whole_snapshot_becomes_the_state_and_the_log_goes_on_behind_it() -> None:
    with a_follower() as (b, leader):
        leader.send_all()
        status = b.replica.engine.status()
        assert b.replica.state == STATE
        assert (status.applied_index, status.commit_index, status.last_index) == (9, 9, 9)
        assert b.said_to("a")[-1] == Matched(INDEX + 1)
        b.hear_append("a", 1, (INDEX, 1), entries(1, after=INDEX), commit=INDEX + 1)
        b.run(0.1)
        assert b.said_to("a")[-1] == Matched(INDEX + 2)
        assert b.replica.engine.status().applied_index == INDEX + 1


def test_it_survives_a_loss_of_power_right_after_it_was_promised() -> None:
    with a_follower() as (b, leader):
        leader.send_all()
        b.replica.crash(power=True)
        b.replica.start()
        assert b.replica.state == STATE
        assert b.replica.engine.status().applied_index == INDEX


def test_nothing_is_promised_before_it_is_durable() -> None:
    with a_follower() as (b, leader):
        leader.send(0, 0)
        leader.send(0, len(leader.data))
        for _ in range(1000):
            if any(isinstance(body, Matched) for body in b.said_to("a")):
                break
            b.run(0.0005)
        b.replica.crash(power=True)
        b.replica.start()
        assert b.replica.state == STATE


def test_a_conflicting_end_of_the_log_gives_way() -> None:
    with a_follower() as (b, _):
        b.hear_append("c", 1, (1, 0), entries(*[1] * 12))
        b.run(0.1)
        leader = Sender(b, term=2)
        leader.send(0, len(leader.data), term=2)
        b.run(0.3)
        assert b.terms == [2]
        assert b.replica.engine.status().last_index == INDEX


def test_entries_behind_the_snapshot_stay() -> None:
    """S4f: the log that has the snapshot's entry has no use for it."""
    with a_follower() as (b, leader):
        b.hear_append("a", 1, (1, 0), entries(*[1] * 12))
        b.run(0.1)
        leader.send_all()
        assert b.replica.state == []
        assert b.replica.engine.status().last_index == 13
        assert b.said_to("a")[-1] == Matched(14)


def test_an_older_snapshot_changes_nothing() -> None:
    with a_follower() as (b, leader):
        leader.send_all()
        older = Sender(b, index=5)
        older.send_all()
        assert b.replica.engine.status().applied_index == INDEX
        assert b.said_to("a")[-1] == Matched(INDEX + 1)


def test_damaged_bytes_are_never_used_and_asked_for_again() -> None:
    """S4d, N3."""
    with a_follower() as (b, leader):
        whole = leader.data
        leader.data = whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]
        leader.send_all()
        assert b.replica.state == []
        assert not any(isinstance(body, Matched) for body in b.said_to("a"))
        assert b.said_to("a")[-1] == SnapshotProgress(leader.info.checksum, 0, go_on_here=True)
        leader.data = whole
        leader.send_all()
        assert b.replica.state == STATE


def test_a_part_that_does_not_follow_is_left_aside() -> None:
    """S4g."""
    with a_follower() as (b, leader):
        leader.send(0, 100)
        leader.send(200, 300)
        b.run(0.1)
        here = [body for body in b.said_to("a") if isinstance(body, SnapshotProgress)]
        assert [body.received_bytes for body in here if body.go_on_here] == [100]


def test_a_broken_session_loses_nothing_that_has_arrived() -> None:
    with a_follower() as (b, leader):
        leader.send(0, 5000)
        b.run(0.1)
        b.replica.session_closed("a", by_peer=False)
        b.replica.session_opened("a", standing_of("a"))
        leader.send(0, 0)
        progress = SnapshotProgress(leader.info.checksum, 5000, go_on_here=True)
        assert b.said_to("a")[-1] == progress
        leader.send(5000, len(leader.data))
        b.run(0.3)
        assert b.replica.state == STATE


def test_a_part_proves_nothing_about_what_is_committed() -> None:
    """N1."""
    with a_follower() as (b, leader):
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        leader.send(0, 100)
        b.run(0.1)
        assert b.replica.engine.status().commit_index == 1


def test_a_part_from_a_deposed_leader_is_stale() -> None:
    with a_follower() as (b, leader):
        b.hear_append("c", 2, (1, 0), ())
        leader.send(0, 100)
        assert b.said_to("a")[-1] == Stale()


def test_appends_that_begin_before_the_snapshot_are_understood() -> None:
    with a_follower() as (b, leader):
        leader.send_all()
        b.hear_append("a", 1, (5, 1), entries(*[1] * 6, after=5), commit=10)
        b.run(0.1)
        assert b.said_to("a")[-1] == Matched(12)
        b.hear_append("a", 1, (3, 1), entries(1, after=3), commit=10)
        b.run(0.1)
        assert b.replica.engine.status().last_index == 11
        assert not any(isinstance(body, Retry | HeartbeatAnswer) for body in b.said_to("a"))


@pytest.mark.parametrize("operation", ["create", "rename"])
def test_a_full_disk_ends_nothing(operation: str) -> None:
    with a_follower() as (b, leader):
        leader.send(0, 0)

        def full(name: str) -> None:
            if name == operation:
                raise OSError(28, "no space")

        b.replica.disk.fault = full
        leader.send(0, len(leader.data))
        b.run(0.3)
        b.replica.disk.fault = None
        assert b.replica.state == []
        leader.send_all()
        assert b.replica.state == STATE
