"""The snapshots in a data directory: the newest counts, and is checked before it is used.

A snapshot gets its name only when all of it is on disk, so a crash never leaves a torn one under
that name, and one that is torn or changed all the same means a bad disk: it is refused, for without
it the state would be empty (S4c). Nothing here touches the loop's own data: all may be called from
the one thread that does the engine's jobs.
"""

from collections.abc import Iterator
from typing import Final

from replication.engine.files import AppendedFile, Directory
from replication.engine.snapshot_file import (
    SnapshotDamaged,
    SnapshotInfo,
    SnapshotReader,
    SnapshotWriter,
)
from replication.state_machine import Capture

SNAPSHOT_SUFFIX: Final = ".snapshot"
_UNFINISHED: Final = "snapshot.unfinished"
_INCOMING: Final = "snapshot.incoming"


class SnapshotStore:
    """Attributes:
    newest: the one that a restart would begin with; set by the event loop alone.
    """

    def __init__(self, directory: Directory) -> None:
        """Find the newest snapshot and check all of it.

        Raises:
            SnapshotDamaged: with its name.
        """
        self._directory = directory
        self._incoming_file: AppendedFile | None = None
        present = directory.names()
        for name in (_UNFINISHED, _INCOMING):
            if name in present:
                directory.remove(name)
        names = [name for name in present if name.endswith(SNAPSHOT_SUFFIX)]
        self.newest = self._check(names[-1]) if names else None

    def chunks(self, info: SnapshotInfo) -> Iterator[bytes]:
        return SnapshotReader(self._directory, _name(info)).chunks()

    def read(self, info: SnapshotInfo, start: int, size_bytes: int) -> bytes:
        return self._directory.read_part(_name(info), start, size_bytes)

    def write(self, capture: Capture, index: int, term: int) -> Iterator[SnapshotInfo | None]:
        """In short steps; the last gives what is then durable. An `OSError` leaves nothing."""
        file = self._create(_UNFINISHED)
        try:
            writer = SnapshotWriter(file, index, term)
            for chunk in capture.chunks():
                writer.append(chunk)
                yield None
            info = writer.finish()
        except Exception:
            file.close()
            self._directory.remove(_UNFINISHED)
            raise
        file.close()
        self._keep(_UNFINISHED, info)
        yield info

    def begin_incoming(self) -> AppendedFile:
        """The one before it, if it was not kept, is given up."""
        if self._incoming_file is not None:
            self._incoming_file.close()
        self._incoming_file = self._create(_INCOMING)
        return self._incoming_file

    def check_incoming(self, expected: SnapshotInfo) -> Iterator[bytes]:
        """What arrived, brought to the disk and read to its end.

        Raises:
            SnapshotDamaged: it is not what was sent; it is never used.
        """
        assert self._incoming_file is not None
        self._incoming_file.sync()
        self._incoming_file.close()
        self._incoming_file = None
        reader = SnapshotReader(self._directory, _INCOMING)
        yield from reader.chunks()
        if reader.info != expected:
            raise SnapshotDamaged(f"{reader.info} arrived instead of {expected}")

    def incoming_chunks(self) -> Iterator[bytes]:
        return SnapshotReader(self._directory, _INCOMING).chunks()

    def keep_incoming(self, info: SnapshotInfo) -> None:
        """Durable on return. Its bytes were synced before."""
        self._keep(_INCOMING, info)

    def remove_all_but(self, kept: set[SnapshotInfo]) -> None:
        names = {_name(info) for info in kept}
        for name in self._directory.names():
            if name.endswith(SNAPSHOT_SUFFIX) and name not in names:
                self._directory.remove(name)
        self._directory.sync()

    def _create(self, name: str) -> AppendedFile:
        if name in self._directory.names():
            self._directory.remove(name)
        return self._directory.create(name)

    def _keep(self, name: str, info: SnapshotInfo) -> None:
        self._directory.rename(name, _name(info))
        self._directory.sync()

    def _check(self, name: str) -> SnapshotInfo:
        reader = SnapshotReader(self._directory, name)
        for _ in reader.chunks():
            pass
        assert reader.info is not None
        if _name(reader.info) != name:
            raise SnapshotDamaged(f"snapshot {name} holds {_name(reader.info)}")
        return reader.info


def _name(info: SnapshotInfo) -> str:
    return f"{info.index:016x}{SNAPSHOT_SUFFIX}"
