"""When this replica writes a snapshot of its own, and what may be dropped once it is on disk."""

from collections.abc import Callable, Iterator

import structlog

from replication.config import ReplicationConfig
from replication.engine.files import Directory
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal
from replication.engine.workbench import Job, Workbench
from replication.observer import LogObserver
from replication.state_machine import Capture, StateMachine

log = structlog.get_logger(__name__)


class Snapshotting:
    """
    Args:
        needed_from: the oldest entry that a replica will ask for which is being sent a snapshot.
        being_sent: snapshots whose files are still read.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        store: SnapshotStore,
        files: Directory,
        state_machine: StateMachine,
        wal: Wal,
        workbench: Workbench,
        observer: LogObserver,
        now_s: Callable[[], float],
        needed_from: Callable[[], int | None],
        being_sent: Callable[[], set[SnapshotInfo]],
    ) -> None:
        self._config = config
        self._store = store
        self._files = files
        self._state_machine = state_machine
        self._wal = wal
        self._workbench = workbench
        self._observer = observer
        self._now_s = now_s
        self._needed_from = needed_from
        self._being_sent = being_sent
        self._entries = 0
        self._bytes = 0
        self._is_writing = False
        self._not_before_s = float("-inf")
        self._unneeded_names: list[str] = []

    def applied(self, size_bytes: int) -> None:
        self._entries += 1
        self._bytes += size_bytes

    def run(self, applied_index: int) -> None:
        """Begin a snapshot if one is due. The state must be that after `applied_index`."""
        is_due = (
            self._bytes >= self._config.snapshot_after_bytes
            or self._entries >= self._config.snapshot_after_entries
        )
        if not is_due or self._is_writing or self._now_s() < self._not_before_s:
            return
        term = self._wal.term_at(applied_index)
        assert term is not None
        self._is_writing = True
        counted = self._entries, self._bytes
        self._entries = self._bytes = 0
        self._workbench.add(self._job(self._state_machine.capture(), applied_index, term, counted))

    def has_newer(self, info: SnapshotInfo) -> None:
        """There is this one on disk now; the log before it, and older ones, have had their use."""
        if self._store.newest is None or info.index > self._store.newest.index:
            self._store.newest = info
        keep_from = self._first_trailing(info.index)
        needed_from = self._needed_from()
        if needed_from is not None:
            keep_from = min(keep_from, needed_from)
        self._unneeded_names += self._wal.compact(keep_from)
        self._clean_up({*self._being_sent(), self._store.newest})

    def _job(self, capture: Capture, index: int, term: int, counted: tuple[int, int]) -> Job:
        began_s = self._now_s()
        written: list[SnapshotInfo] = []

        def steps() -> Iterator[None]:
            for info in self._store.write(capture, index, term):
                if info is not None:
                    written.append(info)
                yield

        def done() -> None:
            self._is_writing = False
            duration_s = self._now_s() - began_s
            info = written[0]
            log.info(
                "snapshot_written",
                index=index,
                size_bytes=info.size_bytes,
                took_ms=round(duration_s * 1000),
            )
            self._observer.snapshot_written(index, info.size_bytes, duration_s)
            self.has_newer(info)

        def failed(error: Exception) -> None:
            if not isinstance(error, OSError):
                raise error
            # N23: a full disk is no reason to try again and again, nor to end: the log goes on.
            self._is_writing = False
            self._not_before_s = self._now_s() + self._config.snapshot_retry_ms / 1000
            self._entries += counted[0]
            self._bytes += counted[1]
            log.error("snapshot_failed", index=index, error=str(error))
            self._observer.snapshot_failed()

        return Job("write_snapshot", steps(), done, failed)

    def _first_trailing(self, index: int) -> int:
        """N6: a replica that is only a little behind needs no snapshot."""
        first = index
        bytes_left = self._config.trailing_bytes_max
        for candidate in range(index, max(1, index - self._config.trailing_entries), -1):
            entry = self._wal.entry_at(candidate)
            if entry is None or len(entry[0]) > bytes_left:
                break
            bytes_left -= len(entry[0])
            first = candidate
        return first

    def _clean_up(self, kept: set[SnapshotInfo]) -> None:
        names = list(self._unneeded_names)
        removed: list[str] = []

        def steps() -> Iterator[None]:
            self._store.remove_all_but(kept)
            present = set(self._files.names())
            for name in names:
                yield
                if name in present:
                    self._files.remove(name)
                    self._files.sync()
                removed.append(name)

        def done() -> None:
            self._unneeded_names = [n for n in self._unneeded_names if n not in removed]

        def failed(error: Exception) -> None:
            if not isinstance(error, OSError):
                raise error
            # What is left is tried again after the next snapshot, the oldest first.
            done()
            log.error("old_log_not_removed", error=str(error))

        self._workbench.add(Job("clean_up", steps(), done, failed))
