"""What is to be written to the log at once, perhaps in another thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol


class Appender(Protocol):
    def write_chunk(self, chunk: "Chunk") -> None: ...

    def sync_file(self) -> None: ...


class Flush:
    """One write of the log. `perform` does all of it; a simulation takes its two steps apart.

    Attributes:
        is_note: of use to a later start only, and not worth a sync.
    """

    def __init__(self, file: Appender, chunks: "list[Chunk]", *, is_note: bool = False) -> None:
        self._file = file
        self._chunks = chunks
        self.is_note: Final = is_note
        self.size_bytes: Final = sum(len(chunk.data) for chunk in chunks)

    def perform(self) -> None:
        self.write()
        if not self.is_note:
            self.sync()

    def write(self) -> None:
        for chunk in self._chunks:
            self._file.write_chunk(chunk)

    def sync(self) -> None:
        self._file.sync_file()


class Flushable(Protocol):
    def take_flush(self) -> Flush | None: ...

    def flushed(self) -> None: ...

    def take_note(self) -> Flush | None: ...

    def note_written(self) -> None: ...


def flush_now(log: Flushable) -> None:
    """All that waits to be written is on stable storage on return."""
    flush = log.take_flush()
    if flush is not None:
        flush.perform()
        log.flushed()
    note = log.take_note()
    if note is not None:
        note.perform()
        log.note_written()


def chunks_of(records: Sequence[bytes], new_segments: Mapping[int, str]) -> "list[Chunk]":
    """
    Args:
        new_segments: names of files to begin, by the number of the record that comes first.
    """
    chunks: list[Chunk] = []
    first = 0
    for start, name in new_segments.items():
        if start > first:
            chunks.append(Chunk(None, b"".join(records[first:start])))
            first = start
        chunks.append(Chunk(name, b""))
    if chunks and chunks[-1].new_segment is not None:
        chunks[-1].data = b"".join(records[first:])
    else:
        chunks.append(Chunk(None, b"".join(records[first:])))
    return chunks


@dataclass(slots=True)
class Chunk:
    """Bytes for one segment.

    Attributes:
        new_segment: the name of the file to begin, if these are its first bytes.
    """

    new_segment: str | None
    data: bytes
