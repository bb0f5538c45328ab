"""A log whose file has zeros ahead keeps what it said it has, whatever of them came to the disk."""

import pytest

from replication.engine.wal import WalDamaged
from tests.replication.test_wal import add, new_disk, open_wal, payloads, segment_names, sync
from tests.simulation.raft.disk import PowerLoss, SimDisk, losing_power_at


def a_log_with_zeros_ahead() -> tuple[SimDisk, str, int, int, bytes]:
    """Two entries are synced, two more are written only: all of it, and from where to where."""
    disk = new_disk(ahead_bytes=600)
    wal = open_wal(disk)
    add(wal, b"one", b"two")
    sync(wal)
    (name,) = segment_names(disk)
    synced_bytes = len(disk.read(name).rstrip(b"\0"))
    add(wal, b"three", b"four")
    flush = wal.take_flush()
    assert flush is not None
    flush.write()
    whole = disk.read(name)
    written_bytes = len(whole.rstrip(b"\0"))
    assert written_bytes < len(whole)
    return disk, name, synced_bytes, written_bytes, whole


def check_mended(disk: SimDisk) -> None:
    recovered = open_wal(disk)
    assert payloads(recovered) in (
        [b"one", b"two"],
        [b"one", b"two", b"three"],
        [b"one", b"two", b"three", b"four"],
    )
    add(recovered, b"five")
    sync(recovered)
    again = open_wal(disk)
    assert payloads(again) == payloads(recovered)
    assert payloads(again)[-1] == b"five"


def test_a_write_into_zeros_that_ends_at_any_byte_loses_only_what_was_never_synced() -> None:
    """The zeros may have come to the disk, or a part of them, or nothing."""
    disk, name, synced_bytes, written_bytes, whole = a_log_with_zeros_ahead()
    for kept in range(synced_bytes, written_bytes + 1):
        for size_bytes in (kept, (kept + len(whole)) // 2, len(whole)):
            disk.open(name, 0).append(whole[:kept] + bytes(size_bytes - kept))
            check_mended(disk)


def test_a_write_into_zeros_of_which_any_parts_are_missing_loses_only_what_was_never_synced() -> (
    None
):
    disk, name, synced_bytes, written_bytes, whole = a_log_with_zeros_ahead()
    part = (written_bytes - synced_bytes) // 7 + 1
    for missing in range(2**7):
        data = bytearray(whole)
        for number in range(7):
            if missing >> number & 1:
                start = synced_bytes + number * part
                end = min(start + part, written_bytes)
                data[start:end] = bytes(end - start)
        disk.open(name, 0).append(bytes(data))
        check_mended(disk)


def test_no_flipped_bit_before_zeros_goes_unnoticed() -> None:
    disk = new_disk(ahead_bytes=300)
    wal = open_wal(disk)
    for payload in (b"one", b"two", b"three"):
        add(wal, payload)
        sync(wal)
    (name,) = segment_names(disk)
    whole = disk.read(name)
    end = len(whole.rstrip(b"\0"))
    assert end < len(whole)
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        disk.open(name, 0).append(bytes(damaged))
        try:
            assert payloads(open_wal(disk)) == [b"one", b"two", b"three"]
        except WalDamaged:
            assert bit // 8 < end


def test_synced_records_that_have_become_zeros_are_missed() -> None:
    disk = new_disk(ahead_bytes=300)
    wal = open_wal(disk)
    for payload in (b"one", b"two", b"three"):
        add(wal, payload)
        sync(wal)
    (name,) = segment_names(disk)
    whole = disk.read(name)
    end = whole.index(b"three") + len(b"three")
    for size_bytes in range(end):
        disk.open(name, 0).append(bytes(size_bytes) + whole[size_bytes:])
        if whole[:size_bytes].count(0) < size_bytes:
            with pytest.raises(WalDamaged):
                open_wal(disk)


def test_a_log_of_many_segments_survives_power_lost_at_any_operation() -> None:
    operations = 0
    for lost_at in range(80):
        for seed in range(3):
            disk = new_disk(ahead_bytes=20_000, seed=seed)
            wal = open_wal(disk)
            durable: list[bytes] = []
            disk.fault = losing_power_at(lost_at)
            try:
                for number in range(12):
                    payload = b"%d-" % number + bytes(12_000)
                    add(wal, payload)
                    sync(wal)
                    durable.append(payload)
            except PowerLoss:
                operations = max(operations, lost_at)
            disk.lose_power()
            again = open_wal(disk)
            assert payloads(again)[: len(durable)] == durable
            assert len(again) <= len(durable) + 1
    assert 30 < operations < 79
