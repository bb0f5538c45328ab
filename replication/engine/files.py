"""The few things the engine asks of a directory, and how the operating system does them."""

import os
from pathlib import Path
from typing import Protocol


class AppendedFile(Protocol):
    """A file that only grows."""

    def append(self, data: bytes) -> None: ...

    def sync(self) -> None:
        """Returns once everything appended is on stable storage."""

    def close(self) -> None: ...


class ReadInParts(Protocol):
    """What is read a part at a time, by name."""

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        """Less than `size_bytes` only at the end of the file."""


class Directory(Protocol):
    """Every method may raise `OSError`; after one of a write or sync, nothing may be retried."""

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...

    def create(self, name: str) -> AppendedFile:
        """A new, empty file. Its name is durable only after `sync`."""

    def open(self, name: str, size_bytes: int) -> AppendedFile:
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
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class OsDirectory:
    """A directory of this machine. It must exist."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return sorted(os.listdir(self._path))

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def create(self, name: str) -> OsFile:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        return OsFile(os.open(self._path / name, flags, 0o600))

    def open(self, name: str, size_bytes: int) -> OsFile:
        descriptor = os.open(self._path / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.ftruncate(descriptor, size_bytes)
        # What a killed process wrote may be in the page cache only; now it counts as synced.
        os.fsync(descriptor)
        return OsFile(descriptor)

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
