"""Opens the log and snapshots of a directory. What is damaged is set aside, and comes from peers.

A damaged disk may have forgotten promises. So the replica becomes another disk first: it does not
vote before the others have brought it up to date, and have named that disk (N13).
"""

from collections.abc import Callable
from typing import Final

import structlog

from replication.engine.files import Directory
from replication.engine.membership_store import MembershipStore
from replication.engine.snapshot_file import SnapshotDamaged
from replication.engine.snapshot_store import SNAPSHOT_SUFFIX, SnapshotStore
from replication.engine.term_file import COPIES, TermFile, TermFileDamaged
from replication.engine.wal import Wal, WalDamaged
from replication.engine.wal_segments import SUFFIX as LOG_SUFFIX

log = structlog.get_logger(__name__)

ASIDE_SUFFIX: Final = ".damaged"


def open_log(
    directory: Directory,
    membership: MembershipStore,
    *,
    segment_bytes_max: int,
    new_disk_id: Callable[[], str],
) -> tuple[SnapshotStore, Wal]:
    """
    Raises:
        WalDamaged, SnapshotDamaged, TermFileDamaged: and there is nobody else who has it all.
    """
    try:
        return _open(directory, segment_bytes_max)
    except (WalDamaged, SnapshotDamaged, TermFileDamaged) as error:
        if len(membership.configuration.members) == 1:
            raise
        log.error("damage_set_aside", error=str(error), files=f"*{ASIDE_SUFFIX}")
    membership.become_another_disk(new_disk_id())
    _set_aside(directory)
    TermFile.create(directory)
    return _open(directory, segment_bytes_max)


def _open(directory: Directory, segment_bytes_max: int) -> tuple[SnapshotStore, Wal]:
    store = SnapshotStore(directory)
    wal = Wal(directory, segment_bytes_max=segment_bytes_max, snapshot=store.newest)
    return store, wal


def _set_aside(directory: Directory) -> None:
    """For who wants to look into it; of an earlier damage nothing is kept."""
    names = directory.names()
    for name in names:
        if name.endswith(ASIDE_SUFFIX):
            directory.remove(name)
    for name in names:
        if name in COPIES or name.endswith((LOG_SUFFIX, SNAPSHOT_SUFFIX)):
            directory.rename(name, name + ASIDE_SUFFIX)
    directory.sync()
