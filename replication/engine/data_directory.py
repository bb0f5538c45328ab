"""The data directory of one process: locked while it is used."""

import fcntl
import os
from pathlib import Path
from typing import Final

from replication.engine.files import OsDirectory
from replication.engine.identity import LOCK_FILE, DataDirectoryRefused, IdentityFile


class DataDirectoryInUse(DataDirectoryRefused):
    """Another process holds its lock."""


def take_lock(path: Path) -> int:
    """The descriptor that holds the lock until it is closed.

    Raises:
        DataDirectoryInUse: another process holds it.
        DataDirectoryRefused: the directory cannot be used.
    """
    try:
        descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryRefused(f"{path} cannot be used: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DataDirectoryInUse(f"{path} is in use by another process") from error
    return descriptor


class DataDirectory:
    """Holds the lock until `release`."""

    def __init__(self, path: Path, lock_descriptor: int) -> None:
        self.files: Final = OsDirectory(path)
        self.path: Final = path
        self._lock_descriptor = lock_descriptor

    @classmethod
    def claim(cls, path: Path) -> "DataDirectory":
        """Make it if it is not there, and lock it.

        Raises:
            DataDirectoryRefused: it cannot be used, or is in use.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirectoryRefused(f"{path} cannot be used: {error}") from error
        return cls(path, take_lock(path))

    def begin_life(self, cluster_id: str, replica_id: str) -> IdentityFile:
        """See `IdentityFile.begin_life`; what it raises names this directory."""
        try:
            return IdentityFile.begin_life(self.files, cluster_id, replica_id)
        except DataDirectoryRefused as error:
            raise DataDirectoryRefused(f"{self.path}: {error}") from error

    def release(self) -> None:
        os.close(self._lock_descriptor)
