"""Whose data directory this is: one replica's of one cluster, and of one process at a time."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from replication.engine.files import OsDirectory
from replication.engine.term_file import COPIES, TermFile

IDENTITY_FILE: Final = "identity"
LOCK_FILE: Final = "lock"
_FORMAT: Final = 1
_NEW_IDENTITY_FILE: Final = "identity.new"
_REMAINS: Final = frozenset({LOCK_FILE, *COPIES, _NEW_IDENTITY_FILE, "lost+found"})
"""What a first start leaves behind when it is killed."""


class DataDirectoryRefused(Exception):
    """This process must not use this data directory. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Attributes:
    voters: all replicas of the cluster, this one too, sorted.
    """

    cluster_id: str
    replica_id: str
    voters: tuple[str, ...]


class DataDirectory:
    """Holds the lock until `release`."""

    def __init__(self, path: Path, lock_descriptor: int) -> None:
        self.files: Final = OsDirectory(path)
        self._lock_descriptor = lock_descriptor

    @classmethod
    def claim(cls, path: Path, identity: Identity) -> "DataDirectory":
        """Lock it; mark it as ours if it is new, and check the mark if it is not."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock_descriptor = os.open(
                path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise DataDirectoryRefused(f"{path} cannot be used: {error}") from error
        try:
            _lock(path, lock_descriptor)
            _check_identity(path, identity)
        except BaseException:
            os.close(lock_descriptor)
            raise
        return cls(path, lock_descriptor)

    def release(self) -> None:
        os.close(self._lock_descriptor)


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataDirectoryRefused(f"{path} is in use by another process") from error


def _check_identity(path: Path, identity: Identity) -> None:
    try:
        text = (path / IDENTITY_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        _mark(path, identity)
        return
    except (OSError, UnicodeDecodeError) as error:
        raise DataDirectoryRefused(f"{path / IDENTITY_FILE} cannot be read: {error}") from error
    found = _parse(path, text)
    if found.cluster_id != identity.cluster_id:
        raise DataDirectoryRefused(
            f"{path} belongs to cluster {found.cluster_id!r}, not to {identity.cluster_id!r}"
        )
    if found.replica_id != identity.replica_id:
        raise DataDirectoryRefused(
            f"{path} belongs to replica {found.replica_id!r}, not to {identity.replica_id!r}"
        )
    if found.voters != identity.voters:
        # Two emptied replicas of three could outvote the one that has the data.
        raise DataDirectoryRefused(
            f"{path} was made for the replicas {', '.join(found.voters)}, but the settings name "
            f"{', '.join(identity.voters)}; the replicas of a cluster cannot be changed"
        )


def _parse(path: Path, text: str) -> Identity:
    try:
        fields = json.loads(text)
        if fields["format"] != _FORMAT:
            raise DataDirectoryRefused(f"{path} has format {fields['format']}, not {_FORMAT}")
        return Identity(
            str(fields["cluster_id"]), str(fields["replica_id"]), tuple(map(str, fields["voters"]))
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataDirectoryRefused(f"{path / IDENTITY_FILE} is damaged: {error!r}") from error


def _mark(path: Path, identity: Identity) -> None:
    """Last of all that a new directory needs: without the mark it is as good as empty."""
    files = OsDirectory(path)
    foreign = [name for name in files.names() if name not in _REMAINS]
    if foreign:
        raise DataDirectoryRefused(
            f"{path} holds {foreign[0]!r} but no {IDENTITY_FILE!r}: not a data directory, or a "
            "damaged one. Name an empty directory"
        )
    try:
        TermFile.create(files)
        text = json.dumps({"format": _FORMAT, **asdict(identity)}, indent=1)
        if _NEW_IDENTITY_FILE in files.names():
            files.remove(_NEW_IDENTITY_FILE)
        files.overwrite(_NEW_IDENTITY_FILE, text.encode())
        os.rename(path / _NEW_IDENTITY_FILE, path / IDENTITY_FILE)
        files.sync()
    except OSError as error:
        raise DataDirectoryRefused(f"{path} cannot be written: {error}") from error
