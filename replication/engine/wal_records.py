"""How the write-ahead log looks on disk: records, and what damage to them means.

A record is `magic, crc, payload length, kind, index, term, synced position, payload`, little
endian. A position counts the bytes of the whole log, over all its segment files. The checksum
covers the record's own position too, so that bytes of another place are never taken for a record.

Every record says up to which position the log was known to be on stable storage when it was
written. So a reader can tell two kinds of damage apart:

* nothing intact says that the damaged place was ever synced: a write was cut off by a crash, and
  nobody was promised anything. The tail is cut.
* an intact record further on says that it was: the disk lost what it had promised. Refused.

Behind the last record of the newest file there may be zeros: room that was made ahead.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_HEADER: Final = struct.Struct("<4sIIBQQQ")
_CHECKED_FROM: Final = 8
_MAGIC: Final = b"\xd7TmR"
_POSITION: Final = struct.Struct("<Q")
_BEHIND: Final = struct.Struct("<QQ")
HEADER_BYTES: Final = _HEADER.size
PAYLOAD_BYTES_MAX: Final = 64 * 1024 * 1024


class RecordKind(IntEnum):
    SEGMENT = 1
    """The first record of each file. `index` is the version of the format; the payload says behind
    which entry the file goes on. If the log did not end there, it was begun anew behind a
    snapshot."""
    ENTRY = 2
    TRUNCATE = 3
    """The entry at `index` and all after it are void; `term` is of the one before."""
    SYNCED = 4
    """Carries its synced position, and in `index` up to where entries before it were committed."""
    VOID = 5
    """As TRUNCATE, but also of entries that were taken for committed: they followed a seal."""


def encode_behind(index: int, term: int) -> bytes:
    """The payload of a SEGMENT: the entry that stands before its first one."""
    return _BEHIND.pack(index, term)


def decode_behind(payload: bytes) -> tuple[int, int]:
    index, term = _BEHIND.unpack(payload)
    return index, term


@dataclass(frozen=True, slots=True)
class Record:
    """`kind` is a `RecordKind`, or a number that only a newer program knows."""

    kind: int
    index: int
    term: int
    payload: bytes


def encode(
    kind: RecordKind, *, position: int, synced_position: int, index: int, term: int, payload: bytes
) -> bytes:
    header = _HEADER.pack(_MAGIC, 0, len(payload), int(kind), index, term, synced_position)
    crc = _checksum(header[_CHECKED_FROM:], payload, position)
    return b"".join((_MAGIC, crc.to_bytes(4, "little"), header[_CHECKED_FROM:], payload))


def decode(data: bytes, start: int, position: int) -> tuple[Record, int, int] | None:
    """The intact record at `data[start:]`, its end in `data` and its synced position; or None."""
    if start + HEADER_BYTES > len(data):
        return None
    magic, crc, payload_bytes, kind, index, term, synced = _HEADER.unpack_from(data, start)
    if magic != _MAGIC or payload_bytes > PAYLOAD_BYTES_MAX:
        return None
    body = start + HEADER_BYTES
    end = body + payload_bytes
    if end > len(data):
        return None
    payload = data[body:end]
    if _checksum(data[start + _CHECKED_FROM : body], payload, position) != crc:
        return None
    return Record(kind, index, term, payload), end, synced


def is_blank(data: bytes, start: int) -> bool:
    """Only zeros follow, into which nothing was written yet; or nothing at all."""
    return data.count(0, start) == len(data) - start


def synced_positions_after(data: bytes, start: int, position: int) -> Iterator[int]:
    """What the intact records anywhere after a damaged place say was on stable storage.

    Args:
        data: a segment.
        start: where the damage begins in it.
        position: of the segment's first byte.
    """
    at = data.find(_MAGIC, start)
    while at != -1:
        found = decode(data, at, position + at)
        if found is None:
            at = data.find(_MAGIC, at + 1)
            continue
        _, end, synced = found
        yield synced
        at = data.find(_MAGIC, end)


def _checksum(header: bytes, payload: bytes, position: int) -> int:
    return zlib.crc32(payload, zlib.crc32(header, zlib.crc32(_POSITION.pack(position))))
