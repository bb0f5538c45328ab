"""What lies where in a data directory, for those who look at one or make one aside from a start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from replication.engine import entry
from replication.engine.configuration_codec import (
    CONFIGURATION_FILE,
    load_configuration,
    store_configuration,
)
from replication.engine.data_directory import DataDirectoryInUse, take_lock
from replication.engine.identity import (
    IDENTITY_FILE,
    LOCK_FILE,
    DataDirectoryRefused,
    Identity,
    read_identity,
    store_identity,
)
from replication.engine.membership_store import LIVES_FILE
from replication.engine.snapshot_store import SNAPSHOT_SUFFIX
from replication.engine.term_file import COPIES

SMALL_FILES: Final = (IDENTITY_FILE, CONFIGURATION_FILE, LIVES_FILE, *COPIES)
"""All that stands beside the log and its snapshots."""
MAY_BE_THERE: Final = frozenset({LOCK_FILE, "lost+found"})
"""A directory that holds nothing else is as good as empty."""

__all__ = [
    "IDENTITY_FILE",
    "SNAPSHOT_SUFFIX",
    "DataDirectoryRefused",
    "Identity",
    "commands_of",
    "is_in_use",
    "load_configuration",
    "locked",
    "read_identity",
    "store_configuration",
    "store_identity",
]


def commands_of(payload: bytes) -> list[bytes]:
    """What the state machine is given of one entry of the log; nothing, of a seal.

    Raises:
        EntryUnreadable: a newer program wrote it.
    """
    return entry.unpack(payload) if entry.holds_commands(payload) else []


def is_in_use(path: Path) -> bool | None:
    """Whether a process works on this data directory; None if that cannot be told."""
    try:
        descriptor = os.open(path / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        # Given back at once: a master that starts in that instant would be refused.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process uses the data directory meanwhile.

    Raises:
        DataDirectoryRefused: one does, or it cannot be locked.
    """
    try:
        descriptor = take_lock(path)
    except DataDirectoryInUse as error:
        raise DataDirectoryRefused(f"{error}; stop that master first") from error
    try:
        yield
    finally:
        os.close(descriptor)
