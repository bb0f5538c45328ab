"""What a data directory holds and what is wrong with it: looks, changes nothing, always answers."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from replication.engine.checked_file import CheckedFileDamaged
from replication.engine.configuration_codec import CONFIGURATION_FILE, ConfigurationUnreadable
from replication.engine.disk_layout import (
    IDENTITY_FILE,
    SNAPSHOT_SUFFIX,
    DataDirectoryRefused,
    Identity,
    commands_of,
    load_configuration,
    read_identity,
)
from replication.engine.entry import EntryUnreadable
from replication.engine.files import Directory
from replication.engine.read_only_directory import ReadOnlyDirectory
from replication.engine.snapshot_file import SnapshotDamaged, SnapshotInfo, SnapshotReader
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.term_file import COPIES, Ballot, TermFile, TermFileDamaged
from replication.engine.wal import Wal, WalDamaged
from replication.engine.wal_scan import Damage, SegmentFound, scan
from replication.engine.wal_segments import SUFFIX
from replication.membership import BLANK, Configuration
from replication.state_machine import SnapshotUnreadable, StateMachine

FAULTS: Final = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    struct.error,
    CheckedFileDamaged,
    ConfigurationUnreadable,
    DataDirectoryRefused,
    EntryUnreadable,
    SnapshotDamaged,
    SnapshotUnreadable,
    TermFileDamaged,
    WalDamaged,
)
"""All that garbage on a disk can lead to."""

_FoundT = TypeVar("_FoundT")


@dataclass(frozen=True, slots=True)
class SnapshotFound:
    """
    Attributes:
        info: None if it is damaged.
    """

    file: str
    info: SnapshotInfo | None


@dataclass(frozen=True, slots=True)
class LogFound:
    """The log as a start would take it.

    Attributes:
        first_index: of the oldest entry whose term is known; it may be in a snapshot alone.
        commit_index: up to here entries are known to be committed, by this disk alone.
    """

    first_index: int
    first_term: int
    last_index: int
    last_term: int
    commit_index: int


@dataclass(slots=True)
class Findings:
    """
    Attributes:
        damages: the worst of it: with one that is promised, no master starts from here.
        log: None if a start would refuse it, or there is none.
    """

    identity: Identity | None = None
    configuration: Configuration = BLANK
    ballot: Ballot | None = None
    segments: list[SegmentFound] = field(default_factory=list)
    snapshots: list[SnapshotFound] = field(default_factory=list)
    log: LogFound | None = None
    damages: list[Damage] = field(default_factory=list)
    _view: ReadOnlyDirectory | None = None
    _wal: Wal | None = None

    @property
    def is_sound(self) -> bool:
        """A master would start from it."""
        return not any(damage.is_promised for damage in self.damages)

    @property
    def newest_snapshot(self) -> SnapshotInfo | None:
        return self.snapshots[-1].info if self.snapshots else None

    def term_at(self, index: int) -> int | None:
        return None if self._wal is None else self._wal.term_at(index)

    def state_after(self, index: int, state_machine: StateMachine) -> None:
        """Bring a new state machine to what it is after this entry of a sound log.

        Raises:
            one of FAULTS: the snapshot or an entry cannot be read.
        """
        assert self._view is not None
        assert self._wal is not None
        snapshot = self.newest_snapshot
        done = 0
        if snapshot is not None:
            restoration = state_machine.restore(snapshot.index)
            name = self.snapshots[-1].file
            for chunk in SnapshotReader(self._view, name).chunks():
                restoration.take(chunk)
            restoration.put_in_place()
            done = snapshot.index
        self._apply(range(done + 1, index + 1), state_machine)

    def commands_between(self, first: int, last: int) -> list[tuple[int, bytes]]:
        """Each command of these entries with the index of its entry."""
        assert self._wal is not None
        commands: list[tuple[int, bytes]] = []
        for index in range(first, last + 1):
            found = self._wal.entry_at(index)
            if found is not None:
                commands += [(index, command) for command in commands_of(found[0][1:])]
        return commands

    def _apply(self, indexes: range, state_machine: StateMachine) -> None:
        assert self._wal is not None
        for index in indexes:
            found = self._wal.entry_at(index)
            if found is None:
                raise WalDamaged(f"entry {index} is missing")
            for command in commands_of(found[0][1:]):
                state_machine.apply(index, command)


def inspect(directory: Directory) -> Findings:
    """Raises nothing, whatever lies there."""
    findings = Findings()
    try:
        view = ReadOnlyDirectory(directory)
    except OSError as error:
        findings.damages.append(Damage("", None, f"the directory cannot be read: {error}"))
        return findings
    findings._view = view
    names = view.names()
    findings.identity = _tried(findings, IDENTITY_FILE, lambda: read_identity(view))
    found = _tried(findings, CONFIGURATION_FILE, lambda: load_configuration(view))
    findings.configuration = found or BLANK
    bad_copies = [_copy_damage(copy) for copy in COPIES if _is_bad_copy(view, copy)]
    opened = _tried(findings, " and ".join(COPIES), lambda: TermFile.open(view))
    findings.ballot = opened.ballot if opened else None
    findings.damages += bad_copies
    snapshots = [name for name in names if name.endswith(SNAPSHOT_SUFFIX)]
    findings.snapshots = [
        _snapshot(findings, view, name, is_newest=name == snapshots[-1]) for name in snapshots
    ]
    segments = _tried(findings, "the log", lambda: scan(view))
    if segments is not None:
        findings.segments = segments[0]
        findings.damages += segments[1]
    if findings.is_sound and any(name.endswith((SUFFIX, SNAPSHOT_SUFFIX)) for name in names):
        _open_log(findings, view)
    return findings


def _open_log(findings: Findings, view: ReadOnlyDirectory) -> None:
    store = _tried(findings, "the snapshots", lambda: SnapshotStore(view))
    if store is None:
        return
    wal = _tried(
        findings, "the log", lambda: Wal(view, segment_bytes_max=2**62, snapshot=store.newest)
    )
    if wal is None:
        return
    findings._wal = wal
    findings.log = LogFound(
        wal.first_index,
        wal.term_at(wal.first_index) or 0,
        wal.last_index,
        wal.last_term,
        wal.getRaftCommitIndex(),
    )


def _snapshot(
    findings: Findings, view: ReadOnlyDirectory, name: str, *, is_newest: bool
) -> SnapshotFound:
    reader = SnapshotReader(view, name)
    try:
        for _ in reader.chunks():
            pass
    except FAULTS as error:
        # A start uses the newest alone.
        findings.damages.append(Damage(name, None, str(error), is_promised=is_newest))
        return SnapshotFound(name, None)
    return SnapshotFound(name, reader.info)


def _is_bad_copy(view: ReadOnlyDirectory, name: str) -> bool:
    """A copy alone may be bad: the other one counts, and a start writes it anew."""
    if name not in view.names():
        return False
    alone = ReadOnlyDirectory(view)
    for other in COPIES:
        if other != name and other in alone.names():
            alone.remove(other)
    try:
        TermFile.open(alone)
    except FAULTS:
        return True
    return False


def _copy_damage(name: str) -> Damage:
    return Damage(name, None, "damaged; the other copy counts, if it is intact", is_promised=False)


def _tried(findings: Findings, file: str, look: Callable[[], _FoundT]) -> _FoundT | None:
    try:
        return look()
    except FAULTS as error:
        findings.damages.append(Damage(file, None, str(error) or repr(error)))
        return None
