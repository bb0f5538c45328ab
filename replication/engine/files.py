"""The few things the engine asks of a directory, and how the operating system does them."""

import errno
import os
from pathlib import Path
from typing import Final, Protocol

_ZEROS: Final = bytes(256 * 1024)
_SMALL_BYTES: Final = 16 * 1024
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class AppendedFile(Protocol):
    """A file that only grows."""

    def append(self, data: bytes) -> None: ...

    def sync(self) -> None:
        """Returns once everything appended is on stable storage."""

    def finish(self) -> None:
        """Close it for good: on return all of it is on stable storage, without zeros behind."""

    def close(self) -> None: ...


class ReadInParts(Protocol):
    """What is read a part at a time, by name."""

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        """Less than `size_bytes` only at the end of the file."""


class Directory(Protocol):
    """Every method may raise `OSError`; after one of a write or sync, nothing may be retried."""

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...

    def create(self, name: str, *, grows_ahead: bool = False) -> AppendedFile:
        """A new, empty file. Its name is durable only after `sync`.

        Args:
            grows_ahead: it will be synced after each few bytes, and its reader takes zeros behind
                what was appended for its end: until it is finished there may be some.
        """

    def open(self, name: str, size_bytes: int, *, grows_ahead: bool = False) -> AppendedFile:
        """An existing file, cut to this size; all of it is durable on return."""

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        """Less than `size_bytes` only at the end of the file."""

    def rename(self, old_name: str, new_name: str) -> None:
        """Whole or not at all; durable only after `sync`."""

    def remove(self, name: str) -> None:
        """Durable only after `sync`."""

    def overwrite(self, name: str, data: bytes) -> None:
        """Put `data` at the beginning of a file, made if need be; durable on return."""

    def sync(self) -> None:
        """Names created and removed are on stable storage on return."""


class OsFile:
    """One that grows ahead writes zeros behind its end, and then over them.

    So most syncs bring nothing but data to the disk. A sync of a file that has become longer goes
    through the file system's journal as well, of which there is one, and waits for all others
    that do. Zeros are written, not merely allocated: what was only allocated is marked as
    unwritten, and to change that is work for the journal again.
    """

    def __init__(self, descriptor: int, size_bytes: int, *, grows_ahead: bool) -> None:
        self._descriptor = descriptor
        self._end = self._synced_end = self._zeros_end = size_bytes
        self._grows_ahead = grows_ahead

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self._end)
            self._end += written
            view = view[written:]

    def sync(self) -> None:
        # Where much is written at once the journal costs little beside it, and zeros as much as
        # what is written over them.
        is_small = self._end - self._synced_end <= _SMALL_BYTES
        if self._grows_ahead and self._end > self._zeros_end - _SMALL_BYTES and is_small:
            self._grow()
        os.fdatasync(self._descriptor)
        self._synced_end = self._end

    def finish(self) -> None:
        os.ftruncate(self._descriptor, self._end)
        os.fsync(self._descriptor)
        self.close()

    def close(self) -> None:
        os.close(self._descriptor)

    def _grow(self) -> None:
        start = max(self._end, self._zeros_end)
        try:
            self._zeros_end = start + os.pwrite(self._descriptor, _ZEROS, start)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            # What was appended is in the file. There may be room for what comes next, too.
            self._grows_ahead = False


class OsDirectory:
    """A directory of this machine. It must exist."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return sorted(os.listdir(self._path))

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def create(self, name: str, *, grows_ahead: bool = False) -> OsFile:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return OsFile(os.open(self._path / name, flags, 0o600), 0, grows_ahead=grows_ahead)

    def open(self, name: str, size_bytes: int, *, grows_ahead: bool = False) -> OsFile:
        descriptor = os.open(self._path / name, os.O_WRONLY | os.O_CLOEXEC)
        os.ftruncate(descriptor, size_bytes)
        # What a killed process wrote may be in the page cache only; now it counts as synced.
        os.fsync(descriptor)
        return OsFile(descriptor, size_bytes, grows_ahead=grows_ahead)

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        descriptor = os.open(self._path / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, size_bytes, start)
        finally:
            os.close(descriptor)

    def rename(self, old_name: str, new_name: str) -> None:
        os.rename(self._path / old_name, self._path / new_name)

    def remove(self, name: str) -> None:
        os.unlink(self._path / name)

    def overwrite(self, name: str, data: bytes) -> None:
        is_new = not (self._path / name).exists()
        descriptor = os.open(self._path / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = os.pwrite(descriptor, data, 0)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes of {name} were written")
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            self.sync()

    def sync(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
