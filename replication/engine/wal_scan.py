"""What the files of a log hold, and where they are damaged: looked at, never mended."""

from dataclasses import dataclass

from replication.engine.files import Directory
from replication.engine.wal_records import RecordKind, decode, is_blank, synced_positions_after
from replication.engine.wal_segments import SUFFIX


@dataclass(frozen=True, slots=True)
class Damage:
    """
    Attributes:
        offset: in the file, where the first bad byte may be; None if it is the file as a whole.
        is_promised: what is damaged had been on stable storage, and was promised to others. If
            not, a write was cut off: the next start drops it, and nobody has missed anything.
    """

    file: str
    offset: int | None
    what: str
    is_promised: bool = True


@dataclass(frozen=True, slots=True)
class SegmentFound:
    """
    Attributes:
        size_bytes: without the zeros that are written ahead into the newest file.
        intact_bytes: of its beginning.
        first_index, last_index: of the entries in that beginning; 0 if there are none.
    """

    file: str
    size_bytes: int
    intact_bytes: int
    first_index: int
    last_index: int


def scan(directory: Directory) -> tuple[list[SegmentFound], list[Damage]]:
    """Every segment, oldest first, also those behind a damaged one. Raises `OSError` alone."""
    names = [name for name in directory.names() if name.endswith(SUFFIX)]
    found: list[SegmentFound] = []
    damages: list[Damage] = []
    expected: int | None = None
    for number, name in enumerate(names):
        start = _start_of(name)
        if start is None:
            damages.append(Damage(name, None, "its name is not one that a log file has"))
            continue
        if expected is not None and start != expected:
            what = f"begins at position {start}, but the file before it ends at {expected}"
            damages.append(Damage(name, None, what))
        data = directory.read(name)
        is_last = number == len(names) - 1
        segment = _read(name, data, start, is_last=is_last)
        found.append(segment)
        expected = start + len(data)
        if segment.intact_bytes < segment.size_bytes:
            damages.append(_damage(name, data, segment.intact_bytes, start, is_last=is_last))
    return found, damages


def _start_of(name: str) -> int | None:
    try:
        return int(name.removesuffix(SUFFIX), 16)
    except ValueError:
        return None


def _read(name: str, data: bytes, start: int, *, is_last: bool) -> SegmentFound:
    at = first_index = last_index = 0
    while (found := decode(data, at, start + at)) is not None:
        record, at, _ = found
        if record.kind == RecordKind.ENTRY:
            first_index = first_index or record.index
            last_index = record.index
        elif record.kind not in (RecordKind.SEGMENT, RecordKind.SYNCED):
            # Whatever else there is makes entries void, from this one on.
            last_index = record.index - 1
    size_bytes = at if is_last and is_blank(data, at) else len(data)
    return SegmentFound(name, size_bytes, at, first_index, last_index)


def _damage(name: str, data: bytes, offset: int, start: int, *, is_last: bool) -> Damage:
    promised = max(synced_positions_after(data, offset, start), default=0)
    left_bytes = len(data) - offset
    if is_last and promised <= start + offset:
        what = f"torn tail: its last {left_bytes} bytes are no whole record; a start cuts them off"
        return Damage(name, offset, what, is_promised=False)
    why = "a later file follows" if not is_last else f"the log was synced up to {promised}"
    what = f"damaged in its middle, at position {start + offset} of the log ({why})"
    return Damage(name, offset, what)
