"""Takes in a leader's snapshot: all of it on disk and checked before any of it is used.

It is written down piece by piece, checked as a whole, read by the state machine, and only then
gets its name (S4c, S4d, N3). A broken session loses nothing of what has arrived; a new process
begins anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import structlog

from replication.config import MIB
from replication.engine.core import RaftCore
from replication.engine.files import AppendedFile
from replication.engine.following import Following
from replication.engine.messages import SnapshotPart, SnapshotProgress
from replication.engine.outbox import Outbox
from replication.engine.snapshot_file import SnapshotDamaged, SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal
from replication.engine.workbench import Job, Workbench
from replication.observer import LogObserver
from replication.state_machine import Restoration, SnapshotUnreadable, StateMachine

log = structlog.get_logger(__name__)

_UNWRITTEN_BYTES_MAX: Final = 16 * MIB
Install = Callable[[SnapshotInfo, Restoration], None]


@dataclass(slots=True, eq=False)
class _Incoming:
    """Attributes:
    leader, term: who sent the newest piece.
    echo: sequence of that piece.
    received_bytes, written_bytes: from the beginning of the file on.
    """

    snapshot: SnapshotInfo
    leader: str
    term: int
    echo: int
    received_bytes: int = 0
    written_bytes: int = 0
    unwritten: list[bytes] = field(default_factory=list)
    is_being_written: bool = False
    file: AppendedFile | None = None


class ReceivingSnapshots:
    """
    Args:
        install: the snapshot is durable, and a state was made of it: put it in place.
    """

    def __init__(
        self,
        *,
        core: RaftCore,
        wal: Wal,
        outbox: Outbox,
        following: Following,
        store: SnapshotStore,
        state_machine: StateMachine,
        workbench: Workbench,
        observer: LogObserver,
        install: Install,
    ) -> None:
        self._core = core
        self._wal = wal
        self._outbox = outbox
        self._following = following
        self._store = store
        self._state_machine = state_machine
        self._workbench = workbench
        self._observer = observer
        self._install = install
        self._incoming: _Incoming | None = None

    def on_part(self, peer: str, term: int, part: SnapshotPart) -> None:
        if not self._following.is_from_leader(peer, term):
            return
        if term > self._core.term:
            self._core.adopt_term(term)
        if self._is_known(part.snapshot):
            self._incoming = None
            self._following.holds(peer, part.snapshot.index, part.sequence)
            return
        incoming = self._incoming
        if incoming is None or incoming.snapshot != part.snapshot:
            incoming = self._incoming = _Incoming(part.snapshot, peer, term, part.sequence)
        incoming.leader, incoming.term, incoming.echo = peer, term, part.sequence
        unwritten_bytes = incoming.received_bytes - incoming.written_bytes
        follows = part.start == incoming.received_bytes and unwritten_bytes < _UNWRITTEN_BYTES_MAX
        if not part.data or not follows:
            self._answer(incoming, incoming.received_bytes, go_on_here=True)
            return
        incoming.received_bytes += len(part.data)
        incoming.unwritten.append(part.data)
        if not incoming.is_being_written:
            self._write(incoming)

    def give_up(self) -> None:
        """What is on its way is not taken in any more; what was complete may still be."""
        self._incoming = None

    def _is_known(self, snapshot: SnapshotInfo) -> bool:
        """S4f, N7: what this replica has is never replaced by something older."""
        return (
            snapshot.index <= self._core.commit_index
            or self._wal.term_at(snapshot.index) == snapshot.term
        )

    def _write(self, incoming: _Incoming) -> None:
        data = b"".join(incoming.unwritten)
        incoming.unwritten.clear()
        incoming.is_being_written = True

        def steps() -> Iterator[None]:
            if incoming.file is None:
                incoming.file = self._store.begin_incoming()
            incoming.file.append(data)
            yield

        def done() -> None:
            incoming.is_being_written = False
            incoming.written_bytes += len(data)
            if incoming is not self._incoming:
                return
            if incoming.unwritten:
                self._write(incoming)
            self._answer(incoming, incoming.written_bytes, go_on_here=False)
            if incoming.written_bytes == incoming.snapshot.size_bytes:
                self._check_and_install(incoming)

        job = Job("write_part", steps(), done, lambda error: self._failed(incoming, error))
        self._workbench.add(job)

    def _check_and_install(self, incoming: _Incoming) -> None:
        snapshot = incoming.snapshot
        restoration = self._state_machine.restore(snapshot.index)

        def steps() -> Iterator[None]:
            for _ in self._store.check_incoming(snapshot):
                yield
            for chunk in self._store.incoming_chunks():
                restoration.take(chunk)
                yield
            self._store.keep_incoming(snapshot)

        def done() -> None:
            if incoming is self._incoming:
                self._incoming = None
            self._install(snapshot, restoration)
            if incoming.term == self._wal.term:
                self._following.holds(incoming.leader, snapshot.index, incoming.echo)

        job = Job("install", steps(), done, lambda error: self._failed(incoming, error))
        self._workbench.add(job)

    def _failed(self, incoming: _Incoming, error: Exception) -> None:
        if not isinstance(error, OSError | SnapshotDamaged | SnapshotUnreadable):
            raise error
        log.error("snapshot_not_installed", index=incoming.snapshot.index, error=str(error))
        self._observer.snapshot_failed()
        if incoming is self._incoming:
            self._incoming = None
            self._answer(incoming, 0, go_on_here=True)

    def _answer(self, incoming: _Incoming, received_bytes: int, *, go_on_here: bool) -> None:
        progress = SnapshotProgress(incoming.snapshot.checksum, received_bytes, go_on_here)
        self._outbox.send(incoming.leader, progress, echo=incoming.echo)
