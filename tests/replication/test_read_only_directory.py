"""Who only looks sees what would come of changes, and changes nothing."""

from random import Random

import pytest

from replication.engine.read_only_directory import ReadOnlyDirectory
from tests.replication.test_wal import add, new_disk, open_wal, payloads, sync
from tests.simulation.raft.disk import SimDisk


def a_disk(**files: bytes) -> SimDisk:
    disk = SimDisk(Random(0))
    for name, data in files.items():
        disk.overwrite(name, data)
    return disk


def contents(disk: SimDisk) -> dict[str, bytes]:
    return {name: disk.read(name) for name in disk.names()}


def test_changes_are_seen_in_the_view_alone() -> None:
    disk = a_disk(a=b"aaaa", b=b"bb", c=b"c")
    before = contents(disk)
    view = ReadOnlyDirectory(disk)
    view.overwrite("a", b"12")
    view.open("a", 3).append(b"!")
    view.rename("b", "c")
    view.create("d").append(b"new")
    view.remove("d")
    view.overwrite("e", b"e")
    view.sync()
    assert view.names() == ["a", "c", "e"]
    assert {name: view.read(name) for name in view.names()} == {"a": b"12a!", "c": b"bb", "e": b"e"}
    assert view.read_part("a", 1, 2) == b"2a"
    assert contents(disk) == before


def test_what_is_not_there_or_gone_is_an_os_error() -> None:
    view = ReadOnlyDirectory(a_disk(a=b"1"))
    view.remove("a")
    for name in ("a", "z"):
        with pytest.raises(FileNotFoundError):
            view.read(name)
        with pytest.raises(FileNotFoundError):
            view.read_part(name, 0, 1)
        with pytest.raises(FileNotFoundError):
            view.remove(name)
    view.create("a")
    with pytest.raises(FileExistsError):
        view.create("a")


def test_a_log_with_a_torn_tail_is_mended_in_the_view_alone() -> None:
    disk = new_disk()
    wal = open_wal(disk)
    add(wal, b"one")
    sync(wal)
    [name] = [each for each in disk.names() if each.endswith(".wal")]
    disk.open(name, len(disk.read(name))).append(b"\xd7TmR torn")
    before = contents(disk)
    assert payloads(open_wal(ReadOnlyDirectory(disk))) == [b"one"]
    assert contents(disk) == before
