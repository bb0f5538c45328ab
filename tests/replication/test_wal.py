"""The log keeps what it said it has, and refuses to start on anything less."""

import errno
from pathlib import Path
from random import Random

import pytest

from replication.engine.files import Directory, OsDirectory
from replication.engine.term_file import TermFile
from replication.engine.wal import Wal, WalDamaged
from replication.engine.wal_flush import flush_now
from tests.simulation.raft.disk import SimDisk, failing

SEGMENT_BYTES = 65_536


def new_disk(*, ahead_bytes: int = 0, seed: int = 0) -> SimDisk:
    disk = SimDisk(Random(seed), ahead_bytes=ahead_bytes)
    TermFile.create(disk)
    return disk


def open_wal(directory: Directory) -> Wal:
    return Wal(directory, segment_bytes_max=SEGMENT_BYTES)


def add(wal: Wal, *payloads: bytes, term: int = 1) -> None:
    for payload in payloads:
        wal.add(b"\x01" + payload, wal.last_index + 1, term)


def sync(wal: Wal) -> None:
    assert not wal.is_flushed
    flush_now(wal)


def payloads(wal: Wal) -> list[bytes]:
    return [command[1:] for command, _, _ in wal[:]]


def segment_names(disk: SimDisk) -> list[str]:
    return [name for name in disk.names() if name.endswith(".wal")]


def test_what_was_synced_is_there_after_a_loss_of_power() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two")
    sync(wal)
    add(wal, b"three")
    disk.lose_power()
    assert payloads(open_wal(disk)) == [b"one", b"two"]


def test_what_is_added_during_a_flush_goes_with_the_next() -> None:
    wal = open_wal(new_disk())
    add(wal, b"one")
    flush = wal.take_flush()
    assert flush is not None
    add(wal, b"two")
    assert wal.take_flush() is None
    flush.perform()
    wal.flushed()
    assert (wal.durable_index, wal.last_index) == (1, 2)
    sync(wal)
    assert wal.durable_index == 2


def test_that_something_was_synced_is_noted_unless_more_is_written_anyway() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one")
    sync(wal)
    (name,) = segment_names(disk)
    bare = disk.read(name)
    assert wal.take_note() is None
    add(wal, b"two")
    assert wal.take_note() is None
    flush = wal.take_flush()
    assert flush is not None
    flush.perform()
    wal.flushed()
    assert disk.read(name) != bare


def test_a_truncation_takes_back_what_is_durable() -> None:
    wal = open_wal(new_disk())
    add(wal, b"one", b"two", b"three")
    sync(wal)
    wal.deleteEntriesFrom(1)
    add(wal, b"other", term=2)
    assert wal.durable_index == 1
    sync(wal)
    assert wal.durable_index == 2


def test_a_truncation_during_a_flush_takes_back_what_the_flush_brings() -> None:
    wal = open_wal(new_disk())
    add(wal, b"one", b"two", b"three")
    flush = wal.take_flush()
    assert flush is not None
    wal.deleteEntriesFrom(1)
    add(wal, b"other", b"another", term=2)
    flush.perform()
    wal.flushed()
    assert wal.durable_index == 1


def test_a_truncation_survives_a_restart() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two", b"three")
    wal.deleteEntriesFrom(1)
    add(wal, b"other", term=2)
    sync(wal)
    assert list(open_wal(disk)[:]) == [(b"\x01one", 1, 1), (b"\x01other", 2, 2)]


def test_a_committed_entry_is_never_dropped() -> None:
    """S2: the last line of defence."""
    wal = open_wal(new_disk())
    add(wal, b"one", b"two")
    wal.setRaftCommitIndex(2)
    with pytest.raises(AssertionError, match="committed"):
        wal.deleteEntriesFrom(1)


def test_a_commit_index_is_known_again_after_a_restart() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two")
    sync(wal)
    wal.setRaftCommitIndex(2)
    add(wal, b"three")
    sync(wal)
    assert open_wal(disk).getRaftCommitIndex() == 2


def test_a_commit_index_never_outlives_its_entries() -> None:
    """S12: at whatever byte the log is cut off."""
    disk = new_disk()
    wal = open_wal(disk)
    for number in range(2, 6):
        add(wal, b"entry-%d" % number)
        wal.setRaftCommitIndex(wal.last_index)
        sync(wal)
    (name,) = segment_names(disk)
    whole = disk.read(name)
    known = set()
    for size_bytes in range(len(whole)):
        if name not in disk.names():
            disk.create(name)
        disk.open(name, 0).append(whole[:size_bytes])
        cut = open_wal(disk)
        assert cut.getRaftCommitIndex() <= max(1, cut.last_index)
        known.add(cut.getRaftCommitIndex())
    assert known == {1, 2, 3, 4}


def test_a_log_of_many_segments_is_read_back_whole() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    written = [b"%d-" % number + bytes(30_000) for number in range(10)]
    for payload in written:
        add(wal, payload)
        sync(wal)
    add(wal, *written)
    sync(wal)
    assert len(segment_names(disk)) >= 6
    again = open_wal(disk)
    assert payloads(again) == written + written
    add(again, b"more")
    sync(again)
    assert payloads(open_wal(disk)) == [*written, *written, b"more"]


def test_a_missing_segment_is_refused() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    for _ in range(10):
        add(wal, bytes(30_000))
        sync(wal)
    disk.remove(segment_names(disk)[1])
    with pytest.raises(WalDamaged, match="goes on in"):
        open_wal(disk)


def test_a_tail_cut_off_at_any_byte_loses_only_what_was_never_synced() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", b"two")
    sync(wal)
    (name,) = segment_names(disk)
    synced = disk.read(name)
    add(wal, b"three", b"four")
    flush = wal.take_flush()
    assert flush is not None
    flush.write()
    whole = disk.read(name)
    for size_bytes in range(len(synced), len(whole)):
        disk.open(name, 0).append(whole[:size_bytes])
        recovered = open_wal(disk)
        assert payloads(recovered) in ([b"one", b"two"], [b"one", b"two", b"three"])
        add(recovered, b"five")
        sync(recovered)
        assert payloads(open_wal(disk))[-1] == b"five"


def test_a_first_segment_cut_off_at_any_byte_is_an_empty_log() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one")
    flush = wal.take_flush()
    assert flush is not None
    flush.write()
    (name,) = segment_names(disk)
    whole = disk.read(name)
    for size_bytes in range(len(whole)):
        if name not in disk.names():
            disk.create(name)
        disk.open(name, 0).append(whole[:size_bytes])
        recovered = open_wal(disk)
        assert payloads(recovered) == []
        add(recovered, b"other")
        sync(recovered)
        assert payloads(open_wal(disk)) == [b"other"]
        for left in segment_names(disk):
            disk.remove(left)


def test_no_flipped_bit_goes_unnoticed() -> None:
    """Refused, or without consequence: never another entry, never one that is silently gone."""
    disk = new_disk()
    wal = open_wal(disk)
    for payload in (b"one", b"two", b"three"):
        add(wal, payload)
        sync(wal)
    (name,) = segment_names(disk)
    whole = disk.read(name)
    refused = 0
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        disk.open(name, 0).append(bytes(damaged))
        try:
            assert payloads(open_wal(disk)) == [b"one", b"two", b"three"]
        except WalDamaged:
            refused += 1
    assert refused > len(whole) * 6


def test_garbage_after_a_hole_is_not_taken_for_entries() -> None:
    """The disk may write the pages of one write in any order."""
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one")
    sync(wal)
    (name,) = segment_names(disk)
    synced_bytes = len(disk.read(name))
    add(wal, b"two", b"three", b"four")
    flush = wal.take_flush()
    assert flush is not None
    flush.write()
    data = bytearray(disk.read(name))
    data[synced_bytes : synced_bytes + 20] = bytes(20)
    disk.open(name, 0).append(bytes(data))
    assert payloads(open_wal(disk)) == [b"one"]


@pytest.mark.parametrize("operation", ["append", "sync"])
def test_an_error_of_the_disk_comes_out_of_the_flush(operation: str) -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one")
    sync(wal)
    add(wal, b"two")
    disk.fault = failing(operation, errno.ENOSPC)
    flush = wal.take_flush()
    assert flush is not None
    with pytest.raises(OSError, match="simulated"):
        flush.perform()


def test_a_gap_is_refused() -> None:
    wal = open_wal(new_disk())
    add(wal, b"one")
    with pytest.raises(AssertionError, match="gap"):
        wal.add(b"\x01x", 3, 1)


def test_entries_that_pysyncobj_would_unpickle_are_refused() -> None:
    """S8, S9: regular commands, membership, code versions."""
    wal = open_wal(new_disk())
    for kind in (0, 2, 3):
        with pytest.raises(AssertionError, match="payloads"):
            wal.add(bytes((kind,)) + b"x", 1, 1)


def test_a_log_of_a_higher_term_than_the_term_file_raises_the_term() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one", term=7)
    sync(wal)
    assert (open_wal(disk).term, open_wal(disk).getVotedForNodeId()) == (7, None)


def test_it_works_on_a_real_disk(tmp_path: Path) -> None:
    directory = OsDirectory(tmp_path)
    TermFile.create(directory)
    wal = open_wal(directory)
    for number in range(5):
        add(wal, b"%d-" % number + bytes(30_000))
        sync(wal)
    wal.setCurrentTerm(9, "b")
    wal.make_term_durable()
    wal.close()
    again = open_wal(directory)
    assert len(again) == 5
    assert (again.getCurrentTerm(), again.getVotedForNodeId()) == (9, "b")
    again.close()


def sealed_at_3() -> tuple[SimDisk, Wal]:
    """Five entries were synced, all taken for committed; then it turned out that 3 is a seal."""
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"1", b"2", b"3", b"4", b"5")
    wal.setRaftCommitIndex(5)
    sync(wal)
    wal.void_after(3)
    return disk, wal


def test_what_followed_a_seal_is_void_even_if_it_was_taken_for_committed() -> None:
    disk, wal = sealed_at_3()
    assert (wal.last_index, wal.durable_index, wal.getRaftCommitIndex()) == (3, 3, 3)
    sync(wal)
    add(wal, b"other", term=1)
    sync(wal)
    again = open_wal(disk)
    assert payloads(again) == [b"1", b"2", b"3", b"other"]
    assert again.getRaftCommitIndex() == 3


def test_a_log_without_anything_behind_the_seal_is_left_alone() -> None:
    disk, wal = sealed_at_3()
    sync(wal)
    before = disk.copy()
    wal.void_after(3)
    wal.void_after(9)
    assert wal.is_flushed
    assert disk.copy() == before


def test_a_void_that_is_not_flushed_is_not_done() -> None:
    disk, wal = sealed_at_3()
    assert not wal.is_flushed
    disk.lose_power()
    assert payloads(open_wal(disk)) == [b"1", b"2", b"3", b"4", b"5"]


def test_a_void_that_is_cut_off_at_any_byte_is_there_or_not() -> None:
    disk, wal = sealed_at_3()
    (name,) = segment_names(disk)
    synced_bytes = len(disk.read(name))
    add(wal, b"other")
    flush = wal.take_flush()
    assert flush is not None
    flush.write()
    whole = disk.read(name)
    found = []
    for size_bytes in range(synced_bytes, len(whole) + 1):
        disk.open(name, 0).append(whole[:size_bytes])
        found.append(payloads(open_wal(disk)))
    old = [b"1", b"2", b"3"]
    assert found[0] == [*old, b"4", b"5"]
    assert found[-1] == [*old, b"other"]
    stages = [found[0], old, found[-1]]
    assert [stages.index(each) for each in found] == sorted(stages.index(each) for each in found)


def test_a_void_in_a_new_segment_is_replayed() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    for number in range(6):
        add(wal, b"%d" % number + bytes(30_000))
        sync(wal)
    wal.void_after(2)
    sync(wal)
    again = open_wal(disk)
    assert again.last_index == 2
    add(again, b"other")
    sync(again)
    assert [each[:5] for each in payloads(open_wal(disk))] == [
        b"0" + bytes(4),
        b"1" + bytes(4),
        b"other",
    ]
