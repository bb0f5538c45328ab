"""The newest snapshot on a disk is whole, or the replica does not start."""

import errno
from pathlib import Path
from random import Random

import pytest

from replication.engine.files import Directory, OsDirectory
from replication.engine.snapshot_file import SnapshotDamaged, SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from tests.simulation.raft.commands import CapturedCommands
from tests.simulation.raft.disk import PowerLoss, SimDisk, failing, losing_power_at

STATE = [b"%d" % number for number in range(25)]


def write(store: SnapshotStore, index: int, commands: list[bytes]) -> SnapshotInfo:
    *_, info = store.write(CapturedCommands(commands), index, 1)
    assert info is not None
    store.newest = info
    return info


def snapshot_names(directory: Directory) -> list[str]:
    return [name for name in directory.names() if "snapshot" in name]


def a_disk(tmp_path: Path, kind: str) -> Directory:
    return SimDisk(Random(0)) if kind == "simulated" else OsDirectory(tmp_path)


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_the_newest_is_found_again_and_older_ones_go(tmp_path: Path, kind: str) -> None:
    disk = a_disk(tmp_path, kind)
    store = SnapshotStore(disk)
    assert store.newest is None
    write(store, 255, [b"old"])
    newest = write(store, 256, STATE)
    store.remove_all_but({newest})
    again = SnapshotStore(disk)
    assert again.newest == newest
    assert b"".join(again.chunks(newest)) == b"".join(store.chunks(newest))
    assert len(snapshot_names(disk)) == 1


def test_power_lost_at_any_moment_leaves_the_old_one_or_the_new_one() -> None:
    for operation in range(8):
        for seed in range(20):
            disk = SimDisk(Random(seed))
            store = SnapshotStore(disk)
            old = write(store, 2, [b"old"])
            disk.fault = losing_power_at(operation)
            new: SnapshotInfo | None = None
            try:
                new = write(store, 3, STATE)
                store.remove_all_but({new})
            except PowerLoss:
                pass
            disk.lose_power()
            found = SnapshotStore(disk).newest
            assert found is not None
            assert found == new or (new is None and found.index in {old.index, 3})


def test_a_full_disk_leaves_the_old_one_and_nothing_else() -> None:
    for operation in ("create", "append", "sync", "rename"):
        disk = SimDisk(Random(0))
        store = SnapshotStore(disk)
        old = write(store, 2, [b"old"])
        disk.fault = failing(operation, errno.ENOSPC)
        with pytest.raises(OSError, match=operation):
            write(store, 3, STATE)
        disk.fault = None
        assert SnapshotStore(disk).newest == old
        assert len(snapshot_names(disk)) == 1


def test_a_damaged_one_is_refused_by_name_although_there_is_an_older_one() -> None:
    """S4c: not with an empty state, and not with an old one that the log does not go on from."""
    disk = SimDisk(Random(0))
    store = SnapshotStore(disk)
    write(store, 2, [b"old"])
    write(store, 3, STATE)
    disk.overwrite("0000000000000003.snapshot", b"damage")
    with pytest.raises(SnapshotDamaged, match=r"0000000000000003\.snapshot is damaged"):
        SnapshotStore(disk)


def test_what_arrived_is_used_only_if_it_is_what_was_announced() -> None:
    store = SnapshotStore(SimDisk(Random(0)))
    ours = write(store, 3, STATE)
    data = store.read(ours, 0, ours.size_bytes)
    for sent, announced in (
        (data[:-1], ours),
        (data[:50] + b"?" + data[51:], ours),
        (data, SnapshotInfo(4, 1, ours.size_bytes, ours.checksum)),
    ):
        store.begin_incoming().append(sent)
        with pytest.raises(SnapshotDamaged):
            list(store.check_incoming(announced))
    store.begin_incoming().append(data)
    assert list(store.check_incoming(ours)) == list(store.chunks(ours))
