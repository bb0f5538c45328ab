"""A backup is all there and unchanged, or refused by name; and it comes into being as a whole."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from replication.config import PeerAddress
from replication.engine.backup_file import (
    BackupFile,
    BackupHeader,
    BackupRefused,
    backup_parts,
    write_backup,
)
from replication.membership import Configuration, Member

CHUNKS = [b"one", b"two and more", b"3" * 40]
CONFIGURATION = Configuration(7, {"m1": Member("d1", PeerAddress("h", 5053), "note")}, {}, 40, 2)
HEADER = BackupHeader("prod", CONFIGURATION, 99, 3, 1_700_000_000_000, "m1", {"tasks": {"a": 1}})


def parts(chunks: list[bytes] = CHUNKS, header: BackupHeader = HEADER) -> Iterator[bytes]:
    return backup_parts(header, iter(chunks))


def written(path: Path, chunks: list[bytes] = CHUNKS) -> BackupFile:
    write_backup(path, parts(chunks), overwrite=False, told=lambda _: None)
    return BackupFile(path)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = written(tmp_path / "b")
    info = file.check()
    assert info.header == HEADER
    assert (info.snapshot.index, info.snapshot.term) == (99, 3)
    assert info.size_bytes == (tmp_path / "b").stat().st_size
    assert list(file.chunks()) == CHUNKS
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_large_one_comes_in_parts_of_bounded_size() -> None:
    sizes = [len(part) for part in parts([bytes(60_000)] * 100)]
    assert sum(sizes) > 6_000_000
    assert max(sizes) < 2_000_000


def test_the_same_state_gives_the_same_backup(tmp_path: Path) -> None:
    assert written(tmp_path / "a").check().sha256 == written(tmp_path / "b").check().sha256


def test_every_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b"
    written(path)
    data = path.read_bytes()
    for size_bytes in range(len(data)):
        path.write_bytes(data[:size_bytes])
        with pytest.raises(BackupRefused, match=r"is damaged|is not a backup"):
            BackupFile(path).check()


def test_every_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b"
    written(path)
    data = path.read_bytes()
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(BackupRefused, match=r"is damaged|is not a backup"):
            BackupFile(path).check()


def test_what_follows_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b"
    written(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BackupRefused, match="end"):
        BackupFile(path).check()


def test_the_header_of_one_and_the_snapshot_of_another_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b"
    other = BackupHeader("prod", CONFIGURATION, 98, 3, HEADER.made_at_ms, "m1", HEADER.contents)
    path.write_bytes(next(parts(header=other)) + b"".join(list(parts())[1:]))
    with pytest.raises(BackupRefused, match="its header is of another snapshot"):
        BackupFile(path).check()


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="none cannot be read: No such file"):
        BackupFile(tmp_path / "none").check()


def test_a_file_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_text("precious")
    with pytest.raises(BackupRefused, match="is there already"):
        written(path)
    assert path.read_text() == "precious"
    write_backup(path, parts(), overwrite=True, told=lambda _: None)
    assert BackupFile(path).check().header == HEADER


def test_a_disk_that_gets_full_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"some"
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "b"
    path.write_text("precious")
    with pytest.raises(OSError, match="No space left"):
        write_backup(path, interrupted(), overwrite=True, told=lambda _: None)
    assert [each.name for each in tmp_path.iterdir()] == ["b"]
    assert path.read_text() == "precious"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    written(tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
