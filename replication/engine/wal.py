"""The write-ahead log: pysyncobj's journal, in memory for reading, on disk for keeping.

The loop only encodes records; `Flush.perform` writes and syncs them and may run in another
thread. One flush is under way at a time, and all that is added meanwhile goes with the next.
"""

from typing import Any, Final

from replication.engine import pinned
from replication.engine.files import Directory
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.term_file import Ballot, TermFile
from replication.engine.wal_damage import WalDamaged, check_nothing_promised
from replication.engine.wal_file import WalFile
from replication.engine.wal_flush import Flush, chunks_of
from replication.engine.wal_records import (
    Record,
    RecordKind,
    decode,
    decode_behind,
    encode,
    encode_behind,
)
from replication.engine.wal_segments import SUFFIX, Segments

_FORMAT_VERSION: Final = 3
_TRIMMED_AT_ONCE: Final = 5_000
_ENTRIES_AT_ONCE: Final = 500
_TYPE_BYTE: Final = bytes((pinned.NO_OP,))


__all__ = ["Wal", "WalDamaged"]


class Wal(pinned.Journal):  # type: ignore[misc]
    """Refuses to be built on a damaged log.

    The log and the newest snapshot are one store (S4, N2). The first entry in memory is never sent
    to anyone and may be a mere stand-in with the right index and term: pysyncobj sends what comes
    after the first.

    Args:
        snapshot: the newest on the same disk. The log that does not go on from it is void.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        segment_bytes_max: int,
        snapshot: SnapshotInfo | None = None,
    ) -> None:
        self._directory = directory
        self._segment_bytes_max = segment_bytes_max
        self._term_file = TermFile.open(directory)
        self._ballot = self._term_file.ballot
        self._entries: list[tuple[bytes, int, int]] = []
        self._file = WalFile(directory)
        self._position = 0
        self._segments = Segments()
        self._keep_from = 0
        self._synced_position = 0
        self._pending: list[bytes] = []
        self._pending_new_segments: dict[int, str] = {}
        self._flush_under_way = False
        self._is_noted = True
        self._commit_index = 1
        self._commit_index_recorded = 1
        self._durable_index = 0
        self._flushing_index = 0
        self._flushing_position = 0
        self._recover()
        self._join(snapshot)
        self._durable_index = self.last_index
        if self.last_term > self._ballot.term:
            self._ballot = Ballot(self.last_term, None)

    # What the engine asks.

    @property
    def last_index(self) -> int:
        return self._entries[-1][1] if self._entries else 0

    @property
    def last_term(self) -> int:
        return self._entries[-1][2] if self._entries else 0

    @property
    def durable_index(self) -> int:
        """All entries up to this one, as they are now, would survive a loss of power."""
        return self._durable_index

    @property
    def first_index(self) -> int:
        """Of the oldest entry whose term is known here; 1 in a log that was never compacted."""
        return self._entries[0][1] if self._entries else 1

    def entry_at(self, index: int) -> tuple[bytes, int, int] | None:
        at = index - self.first_index
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def term_at(self, index: int) -> int | None:
        entry = self.entry_at(index)
        return None if entry is None else entry[2]

    def begin_anew(self, index: int, term: int) -> None:
        """Forget all entries: the log goes on behind a snapshot, which is durable already."""
        self._entries = [(_TYPE_BYTE, index, term)]
        assert self._commit_index < index, "a committed entry would be dropped"
        self._commit_index = index
        self._durable_index = self._flushing_index = index
        self._segments.make_void()
        self._begin_segment()

    def void_after(self, index: int) -> None:
        """A configuration was sealed at `index`: what its replicas logged behind it, even what
        they took for committed, never counted."""
        if self.last_index <= index:
            return
        assert self.first_index <= index, "nothing behind a seal is ever in a snapshot before it"
        self._record(RecordKind.VOID, index + 1, self.term_at(index) or 0)
        del self._entries[index + 1 - self.first_index :]
        self._commit_index = min(self._commit_index, index)
        self._commit_index_recorded = min(self._commit_index_recorded, index)
        self._durable_index = min(self._durable_index, index)
        self._flushing_index = min(self._flushing_index, index)

    @property
    def is_flushed(self) -> bool:
        """Nothing waits to be written, and nothing is being written."""
        return not self._pending and not self._flush_under_way

    def compact(self, keep_from: int) -> list[str]:
        """Drop entries before this one, little by little; a durable snapshot has them all.

        Returns:
            Files that hold nothing else, oldest first. To be removed in this order, each durably,
            so that what is left after a crash is a log without gaps.
        """
        self._keep_from = max(self._keep_from, keep_from)
        return self._segments.take_unneeded(keep_from, self._synced_position)

    @property
    def term(self) -> int:
        return self._ballot.term

    def make_term_durable(self) -> None:
        """Before anything that shows the term or the vote to others."""
        if self._term_file.ballot != self._ballot:
            self._term_file.store(self._ballot)

    def take_flush(self) -> Flush | None:
        """What is to be written now; None if that is nothing, or if a flush is under way."""
        self._trim()
        if self._flush_under_way or not self._pending:
            return None
        if self._commit_index > self._commit_index_recorded:
            self._record_synced()
        self._flush_under_way = True
        self._flushing_index = self.last_index
        self._flushing_position = self._position
        chunks = chunks_of(self._pending, self._pending_new_segments)
        self._pending.clear()
        self._pending_new_segments.clear()
        return Flush(self._file, chunks)

    def flushed(self) -> None:
        """The flush under way is on stable storage."""
        assert self._flush_under_way
        self._flush_under_way = False
        self._synced_position = self._flushing_position
        self._durable_index = self._flushing_index
        self._is_noted = False

    def take_note(self) -> Flush | None:
        """Lets a later start tell that what was synced last must be there. None if more is to be
        written, which says it as well. No flush before `note_written`."""
        if self._is_noted or not self.is_flushed:
            return None
        self._record_synced()
        chunks = chunks_of(self._pending, {})
        self._pending.clear()
        self._flush_under_way = self._is_noted = True
        return Flush(self._file, chunks, is_note=True)

    def note_written(self) -> None:
        self._flush_under_way = False

    def close(self) -> None:
        self._file.close()

    # What pysyncobj asks.

    def add(self, command: bytes, idx: int, term: int) -> None:
        assert idx == self.last_index + 1, "a gap in the log"
        assert command[:1] == _TYPE_BYTE, "only our own payloads are ever logged"
        self._entries.append((command, idx, term))
        self._record(RecordKind.ENTRY, idx, term, command[1:])
        self._segments.hold(idx)

    def deleteEntriesFrom(self, entryFrom: int) -> None:  # noqa: N802, N803 - pysyncobj's names
        if entryFrom >= len(self._entries):
            return
        index = self._entries[entryFrom][1]
        # S2: the last line of defence, behind `following.py`.
        assert index > self._commit_index, "a committed entry would be dropped"
        self._record(RecordKind.TRUNCATE, index, self.term_at(index - 1) or 0)
        del self._entries[entryFrom:]
        self._durable_index = min(self._durable_index, index - 1)
        self._flushing_index = min(self._flushing_index, index - 1)

    def deleteEntriesTo(self, entryTo: int) -> None:  # noqa: N802, N803
        raise AssertionError("pysyncobj does not compact this log")

    def clear(self) -> None:
        raise AssertionError("nothing clears this log")

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, slice) and item.start is not None and item.stop is None:
            # N11: pysyncobj wants all the rest, of which it sends a part. A message holds no more.
            item = slice(item.start, item.start + _ENTRIES_AT_ONCE)
        return self._entries[item]

    def __len__(self) -> int:
        return len(self._entries)

    def setRaftCommitIndex(self, raftCommitIndex: int) -> None:  # noqa: N802, N803
        self._commit_index = max(self._commit_index, raftCommitIndex)

    def getRaftCommitIndex(self) -> int:  # noqa: N802
        # S12: a commit index that survived while the log's tail did not would commit anything.
        # Ours stands in the log itself, after the entries it speaks of: it cannot outlive them.
        return self._commit_index

    def setCurrentTerm(self, term: int, vote: str | None) -> None:  # noqa: N802
        self._ballot = Ballot(term, vote)

    def getCurrentTerm(self) -> int:  # noqa: N802
        return self._ballot.term

    def getVotedForNodeId(self) -> str | None:  # noqa: N802
        return self._ballot.voted_for

    def _destroy(self) -> None:
        self.close()

    # Records.

    def _record(
        self, kind: RecordKind, index: int = 0, term: int = 0, payload: bytes = b""
    ) -> None:
        is_full = self._position - self._segments.newest_start >= self._segment_bytes_max
        if kind is not RecordKind.SYNCED and (is_full or self._position == 0):
            # An entry that is being recorded is in memory already, but in no file.
            behind = index - 1 if kind is RecordKind.ENTRY else self.last_index
            self._begin_segment(behind)
        self._put(kind, index, term, payload)

    def _begin_segment(self, behind: int | None = None) -> None:
        index = self.last_index if behind is None else behind
        name = self._segments.begin(self._position)
        self._pending_new_segments[len(self._pending)] = name
        payload = encode_behind(index, self.term_at(index) or 0)
        self._put(RecordKind.SEGMENT, _FORMAT_VERSION, 0, payload)

    def _record_synced(self) -> None:
        self._record(RecordKind.SYNCED, self._commit_index)
        self._commit_index_recorded = self._commit_index

    def _put(self, kind: RecordKind, index: int, term: int, payload: bytes) -> None:
        record = encode(
            kind,
            position=self._position,
            synced_position=self._synced_position,
            index=index,
            term=term,
            payload=payload,
        )
        self._pending.append(record)
        self._position += len(record)

    def _trim(self) -> None:
        unneeded = min(self._keep_from - self.first_index, _TRIMMED_AT_ONCE)
        if unneeded > 0:
            del self._entries[:unneeded]

    # Recovery.

    def _recover(self) -> None:
        names = [name for name in self._directory.names() if name.endswith(SUFFIX)]
        if names:
            self._position = int(names[0].removesuffix(SUFFIX), 16)
        end = 0
        for number, name in enumerate(names):
            start = int(name.removesuffix(SUFFIX), 16)
            data = self._directory.read(name)
            if start != self._position:
                raise WalDamaged(f"the log ends at {self._position}, but goes on in {name}")
            self._segments.begin(start)
            end = self._replay(data, start)
            self._position = start + end
            if end < len(data):
                # A segment is finished before the next is made. Behind the last there may be
                # zeros, which say nothing: neither that there were records, nor that there are.
                is_last = number == len(names) - 1
                check_nothing_promised(data, end, start, was_synced=not is_last)
        if names and end == 0:
            # Made in the moment of a crash: not even its first record is whole.
            self._directory.remove(names.pop())
            self._directory.sync()
            self._segments.drop_newest()
            end = self._position - self._segments.newest_start if names else 0
        if names:
            self._file.go_on(names[-1], end)
        self._directory.sync()
        self._synced_position = self._position

    def _join(self, snapshot: SnapshotInfo | None) -> None:
        """The recovery rule: the log counts from the snapshot on, if it really goes on from it."""
        if snapshot is None:
            is_lost = self._segments.is_empty and self._position > 0
            if is_lost or self._segments.oldest_start > 0 or self.first_index > 1:
                raise WalDamaged(
                    f"the log begins behind entry {self.first_index}, and there is no snapshot of "
                    "what was before"
                )
            return
        index, term = snapshot.index, snapshot.term
        if not self._entries or self.first_index > index:
            raise WalDamaged(
                f"the log begins behind entry {self.first_index}, but the snapshot ends with "
                f"entry {index}"
            )
        if self.term_at(index) != term:
            if self._commit_index >= index:
                raise WalDamaged(f"entry {index} was committed, but is not the snapshot's")
            # Stopped after a leader's snapshot was durable, and before the log was begun anew.
            self.begin_anew(index, term)
        self._commit_index = max(self._commit_index, index)

    def _replay(self, data: bytes, start_position: int) -> int:
        """Take the intact records of one segment; where they end."""
        at = 0
        while (found := decode(data, at, start_position + at)) is not None:
            record, end, _ = found
            self._take(record, at)
            at = end
        return at

    def _take(self, record: Record, offset: int) -> None:
        match record.kind:
            case RecordKind.ENTRY:
                if record.index != self.last_index + 1:
                    raise WalDamaged(f"entry {record.index} follows entry {self.last_index}")
                self._entries.append((_TYPE_BYTE + record.payload, record.index, record.term))
                self._segments.hold(record.index)
            case RecordKind.TRUNCATE:
                if record.index <= self._commit_index:
                    raise WalDamaged(f"entry {record.index} was committed, but then dropped")
                self._cut(record.index, record.term)
            case RecordKind.VOID:
                self._commit_index = min(self._commit_index, record.index - 1)
                self._commit_index_recorded = self._commit_index
                self._cut(record.index, record.term)
            case RecordKind.SYNCED:
                if record.index > max(1, self.last_index):
                    raise WalDamaged(f"entry {record.index} was committed, but is not in the log")
                self.setRaftCommitIndex(record.index)
                self._commit_index_recorded = self._commit_index
            case RecordKind.SEGMENT:
                if offset != 0 or not 1 <= record.index <= _FORMAT_VERSION:
                    raise WalDamaged(f"the log has format {record.index}, not {_FORMAT_VERSION}")
                if record.payload:
                    self._go_on_behind(*decode_behind(record.payload))
            case _:
                raise WalDamaged(f"the log has records of kind {record.kind}: a newer program's")

    def _cut(self, index: int, term_before: int) -> None:
        if index <= self.first_index:
            # Of a log whose beginning is gone: only its end is known.
            self._entries = [(_TYPE_BYTE, index - 1, term_before)]
        else:
            del self._entries[index - self.first_index :]

    def _go_on_behind(self, index: int, term: int) -> None:
        if (index, term) == (self.last_index, self.last_term):
            return
        # Files before this one were removed, or hold what a leader's snapshot made void.
        self._entries = [(_TYPE_BYTE, index, term)]
        newest = self._segments.newest_start
        self._segments.drop_newest()
        self._segments.make_void()
        self._segments.begin(newest)
