"""A log that goes on in a new life: far enough ahead that nothing of the lost one is met again.

What a cluster had come to when its masters were lost, nobody knows exactly: those who were told of
it live on, with indexes and terms that the survivors never saw. So a new life begins beyond any of
them: at an index, a term and a configuration number that the lost one cannot have reached.
"""

from dataclasses import dataclass
from typing import Final

from replication.engine.disk_layout import (
    MAY_BE_THERE,
    DataDirectoryRefused,
    Identity,
    store_configuration,
    store_identity,
)
from replication.engine.files import Directory
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.term_file import Ballot, TermFile
from replication.engine.wal import Wal
from replication.engine.wal_flush import flush_now
from replication.engine.wal_segments import SUFFIX
from replication.membership import Configuration
from replication.state_machine import Capture

INDEXES_SKIPPED: Final = 1_000_000_000
"""A leader commits some 300 entries a second at the very most: this many take it a month."""
TERMS_SKIPPED: Final = 1_000_000
"""So many elections, one after the other, take a week."""
NUMBERS_SKIPPED: Final = 1_000
"""Configurations: each is an operator's doing."""
_SEGMENT_BYTES_MAX: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Base:
    """The entry with which a new life begins: its snapshot is all there is of what was before."""

    index: int
    term: int


def base_beyond(index: int, term: int) -> Base:
    return Base(index + INDEXES_SKIPPED, term + TERMS_SKIPPED)


def make_directory(
    directory: Directory, identity: Identity, configuration: Configuration, capture: Capture
) -> None:
    """Fill an empty data directory; the configuration names its base. Durable on return.

    The identity comes last: what a crash leaves without one is refused at every start.

    Raises:
        DataDirectoryRefused: it is not empty.
    """
    foreign = [name for name in directory.names() if name not in MAY_BE_THERE]
    if foreign:
        raise DataDirectoryRefused(
            f"it is not empty ({foreign[0]!r} is in it); name an empty directory, or a new one"
        )
    TermFile.create(directory)
    lay_base(directory, configuration, capture)
    store_identity(directory, identity)


def lay_base(directory: Directory, configuration: Configuration, capture: Capture) -> None:
    """Have the log begin anew behind a snapshot at the configuration's base. Durable on return.

    Stopped at any moment, it can be done again. Until the snapshot is there, whoever starts from
    here has a configuration whose base it does not reach, so that it never votes.
    """
    index, term = configuration.base_index, configuration.base_term
    store_configuration(directory, configuration)
    ballot = TermFile.open(directory)
    if ballot.ballot.term < term:
        ballot.store(Ballot(term, None))
    store = SnapshotStore(directory)
    if store.newest is None or store.newest.index < index:
        for info in store.write(capture, index, term):
            if info is not None:
                store.newest = info
    wal = _joined(directory, store)
    flush_now(wal)
    wal.close()


def _joined(directory: Directory, store: SnapshotStore) -> Wal:
    assert store.newest is not None
    newest = store.newest
    if not any(name.endswith(SUFFIX) for name in directory.names()):
        # A new directory: its log begins behind the snapshot.
        wal = Wal(directory, segment_bytes_max=_SEGMENT_BYTES_MAX)
        wal.begin_anew(newest.index, newest.term)
        return wal
    return Wal(directory, segment_bytes_max=_SEGMENT_BYTES_MAX, snapshot=newest)
