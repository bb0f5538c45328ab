"""The log and the newest snapshot are one store: together they are whole, or refused by name."""

from random import Random

import pytest

from replication.engine.snapshot_file import SnapshotDamaged, SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal, WalDamaged
from tests.replication.test_wal import add, new_disk, open_wal, segment_names, sync
from tests.simulation.raft.commands import CapturedCommands
from tests.simulation.raft.disk import SimDisk

BIG = bytes(70_000)
"""More than a segment: each begins a new one."""


def snapshot_at(index: int, term: int = 1) -> SnapshotInfo:
    return SnapshotInfo(index, term, 100, 0)


def reopened(disk: SimDisk, snapshot: SnapshotInfo | None) -> Wal:
    return Wal(disk, segment_bytes_max=65_536, snapshot=snapshot)


def a_log_of_segments(disk: SimDisk) -> Wal:
    wal = open_wal(disk)
    for _ in range(4):
        add(wal, BIG)
        sync(wal)
    add(wal, b"last")
    sync(wal)
    return wal


def remove(disk: SimDisk, names: list[str]) -> None:
    for name in names:
        disk.remove(name)
        disk.sync()


def test_files_that_hold_only_old_entries_go_and_the_rest_is_found_again() -> None:
    disk = new_disk()
    wal = a_log_of_segments(disk)
    remove(disk, wal.compact(4))
    assert len(segment_names(disk)) == 2
    again = reopened(disk, snapshot_at(4))
    assert (again.first_index, again.last_index) == (3, 5)
    assert again.term_at(3) == 1
    assert again.entry_at(5) == (b"\x01last", 5, 1)


def test_memory_is_given_back_too() -> None:
    wal = a_log_of_segments(new_disk())
    wal.compact(4)
    wal.take_flush()
    assert (wal.first_index, len(wal), wal.entry_at(3)) == (4, 2, None)


def test_the_file_that_is_written_to_stays() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two")
    sync(wal)
    assert wal.compact(3) == []


def test_a_log_without_its_beginning_needs_a_snapshot() -> None:
    disk = new_disk()
    wal = a_log_of_segments(disk)
    remove(disk, wal.compact(4))
    with pytest.raises(WalDamaged, match="no snapshot"):
        reopened(disk, None)
    with pytest.raises(WalDamaged, match="the snapshot ends with entry 2"):
        reopened(disk, snapshot_at(2))


def test_a_lost_file_in_the_middle_is_noticed() -> None:
    disk = new_disk()
    a_log_of_segments(disk)
    disk.remove(segment_names(disk)[1])
    with pytest.raises(WalDamaged, match="goes on in"):
        reopened(disk, snapshot_at(5))


def test_no_log_at_all_beside_a_snapshot_is_noticed() -> None:
    with pytest.raises(WalDamaged, match="snapshot ends with entry 5"):
        reopened(new_disk(), snapshot_at(5))


def test_entries_behind_a_snapshot_stay_if_they_go_on_from_it() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two", b"three")
    sync(wal)
    again = reopened(disk, snapshot_at(2))
    assert (again.last_index, again.getRaftCommitIndex()) == (3, 2)


@pytest.mark.parametrize("index", [2, 3, 9])
def test_entries_that_do_not_go_on_from_a_snapshot_are_void(index: int) -> None:
    """Stopped between a leader's snapshot and the new beginning of the log."""
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two", b"three")
    sync(wal)
    again = reopened(disk, snapshot_at(index, term=2))
    assert (again.last_index, again.last_term, again.durable_index) == (index, 2, index)
    add(again, b"next", term=2)
    sync(again)
    third = reopened(disk, snapshot_at(index, term=2))
    assert (third.first_index, third.last_index) == (index, index + 1)


def test_a_new_beginning_survives_power_lost_at_any_moment() -> None:
    for seed in range(60):
        disk = new_disk()
        disk._random = Random(seed)
        wal = open_wal(disk)
        add(wal, b"one", b"two", b"three")
        sync(wal)
        add(wal, b"not synced")
        if seed % 2:
            flush = wal.take_flush()
            assert flush is not None
            flush.write()
        wal.begin_anew(8, 2)
        add(wal, b"nine", term=2)
        if seed % 2:
            wal.flushed()
            assert wal.durable_index == 8
        if seed % 3:
            flush = wal.take_flush()
            assert flush is not None
            flush.write()
            if seed % 3 == 2:
                flush.sync()
        disk.lose_power()
        again = reopened(disk, snapshot_at(8, term=2))
        assert again.last_index == 9 if seed % 3 == 2 else again.last_index in {8, 9}
        assert again.term_at(8) == 2


def test_a_truncation_that_reaches_before_what_is_left_is_understood() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two", BIG)
    sync(wal)
    add(wal, b"four of term 1")
    wal.deleteEntriesFrom(2)
    add(wal, b"three of term 2", b"four", term=2)
    sync(wal)
    first = segment_names(disk)[0]
    disk.remove(first)
    again = reopened(disk, snapshot_at(3, term=2))
    assert [(index, term) for _, index, term in again[:]] == [(2, 1), (3, 2), (4, 2)]


def a_small_store(disk: SimDisk) -> None:
    wal = open_wal(disk)
    add(wal, b"one", b"two", b"three")
    wal.setRaftCommitIndex(3)
    sync(wal)
    for _ in SnapshotStore(disk).write(CapturedCommands([b"one", b"two"]), 2, 1):
        pass


def test_every_flipped_bit_in_snapshot_or_log_is_survived_or_refused_by_name() -> None:
    disk = new_disk()
    a_small_store(disk)
    for name in disk.names():
        if name.startswith("term"):
            continue
        whole = disk.read(name)
        for bit in range(len(whole) * 8):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            disk.overwrite(name, bytes(damaged))
            try:
                newest = SnapshotStore(disk).newest
                again = reopened(disk, newest)
            except (SnapshotDamaged, WalDamaged):
                disk.overwrite(name, whole)
                continue
            assert newest is not None
            assert again.last_index == 3, "a promised entry is gone"
            # The marker at the very end, which is not synced, may have been cut.
            del disk._files[name].data[:]
            disk.overwrite(name, whole)
