"""The agent's directory: there, writable, and nobody else's."""

import fcntl
import os
from pathlib import Path


class WorkDirUnusable(Exception):
    """Names the directory and says what is wrong with it."""


class WorkDir:
    """Locked from `open_work_dir` until `close`, or until the process ends."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @property
    def journal(self) -> Path:
        return self.path / "meta" / "journal"

    @property
    def launcher(self) -> Path:
        return self.path / "launcher"

    @property
    def fetcher(self) -> Path:
        return self.path / "fetch"

    @property
    def sandboxes(self) -> Path:
        return self.path / "slaves"

    @property
    def volumes(self) -> Path:
        return self.path / "volumes"

    def close(self) -> None:
        """Another agent may have it now."""
        os.close(self._lock)


def open_work_dir(path: Path) -> WorkDir:
    """Make what is missing. Raises WorkDirUnusable."""
    path = path.absolute()
    try:
        for directory in (path / "meta", path / "slaves"):
            directory.mkdir(parents=True, exist_ok=True)
        for directory in (path / "meta", path, path.parent):
            sync_directory(directory)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkDirUnusable(f"work_dir {path} cannot be used: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise WorkDirUnusable(f"work_dir {path} is in use by another agent") from error
    return WorkDir(path, lock)


def sync_directory(path: Path) -> None:
    """Names in it that were made, changed or removed are safe after this."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
