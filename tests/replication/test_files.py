"""What the operating system keeps of a file, and of one that grows ahead."""

import errno
import os
from pathlib import Path

import pytest

from replication.engine.files import OsDirectory

AHEAD_BYTES = 256 * 1024


def size_of(path: Path) -> int:
    return path.stat().st_size


def test_zeros_are_ahead_of_what_is_written_and_gone_when_it_is_finished(tmp_path: Path) -> None:
    file = OsDirectory(tmp_path).create("it", grows_ahead=True)
    file.append(b"one")
    assert size_of(tmp_path / "it") == 3
    file.sync()
    file.append(b"two")
    file.sync()
    assert (tmp_path / "it").read_bytes() == b"onetwo" + bytes(AHEAD_BYTES - 3)
    file.finish()
    assert (tmp_path / "it").read_bytes() == b"onetwo"


def test_only_one_sync_of_many_makes_the_file_longer(tmp_path: Path) -> None:
    file = OsDirectory(tmp_path).create("it", grows_ahead=True)
    sizes = []
    for _ in range(1_000):
        file.append(bytes(1_000))
        file.sync()
        sizes.append(size_of(tmp_path / "it"))
    assert len(set(sizes)) <= 5
    file.finish()
    assert size_of(tmp_path / "it") == 1_000_000


def test_where_much_is_written_at_once_nothing_is_written_ahead(tmp_path: Path) -> None:
    file = OsDirectory(tmp_path).create("it", grows_ahead=True)
    file.append(bytes(100_000))
    file.sync()
    assert size_of(tmp_path / "it") == 100_000
    file.append(b"a little")
    file.sync()
    assert size_of(tmp_path / "it") == 100_008 + AHEAD_BYTES
    file.close()


def test_other_files_are_as_long_as_what_is_written(tmp_path: Path) -> None:
    file = OsDirectory(tmp_path).create("it")
    file.append(b"one")
    file.sync()
    file.close()
    assert (tmp_path / "it").read_bytes() == b"one"


def test_a_file_that_is_opened_again_loses_its_zeros_and_goes_on(tmp_path: Path) -> None:
    directory = OsDirectory(tmp_path)
    file = directory.create("it", grows_ahead=True)
    file.append(b"one, and this was not to be")
    file.sync()
    file.close()
    file = directory.open("it", 3, grows_ahead=True)
    assert (tmp_path / "it").read_bytes() == b"one"
    file.append(b"two")
    file.sync()
    assert (tmp_path / "it").read_bytes().rstrip(b"\0") == b"onetwo"
    file.finish()


@pytest.mark.parametrize("written_before", [None, 70_000])
def test_without_room_for_zeros_it_goes_on_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written_before: int | None
) -> None:
    """A disk that is almost full: the zeros do not fit, or only some of them."""
    file = OsDirectory(tmp_path).create("it", grows_ahead=True)
    real = os.pwrite

    def almost_full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) < AHEAD_BYTES:
            return real(descriptor, data, offset)
        if written_before is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:written_before], offset)

    monkeypatch.setattr(os, "pwrite", almost_full)
    for _ in range(100):
        file.append(bytes(999) + b"!")
        file.sync()
    file.finish()
    assert (tmp_path / "it").read_bytes() == (bytes(999) + b"!") * 100


def test_an_error_other_than_a_lack_of_room_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = OsDirectory(tmp_path).create("it", grows_ahead=True)
    file.append(b"one")

    def broken(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwrite", broken)
    with pytest.raises(OSError, match="Input/output"):
        file.sync()


def test_a_write_that_takes_less_than_all_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = OsDirectory(tmp_path).create("it")
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, data[:3], offset))
    file.append(b"ten bytes!")
    file.finish()
    assert (tmp_path / "it").read_bytes() == b"ten bytes!"
