"""How a snapshot looks on disk and on its way to another replica: one file, checked as a whole.

Little endian: a header `magic, crc, format, index, term`; then chunks, each `length, crc, bytes`;
then an end, `0, crc, number of chunks, bytes in them`, after which nothing follows. Each checksum
goes on from the one before, so a chunk that is missing, changed, moved or from another file is
noticed, and the last checksum names the whole.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from replication.engine.files import AppendedFile, ReadInParts

_HEADER: Final = struct.Struct("<4sIIQQ")
_MAGIC: Final = b"TmS1"
_FORMAT: Final = 1
_CHECKED_FROM: Final = 8
_CHUNK: Final = struct.Struct("<II")
_END: Final = struct.Struct("<QQ")
_READ_BYTES: Final = 1024 * 1024
_SYNC_EVERY_BYTES: Final = 8 * 1024 * 1024
CHUNK_BYTES_MAX: Final = 512 * 1024 * 1024


class SnapshotDamaged(Exception):
    """The file is not what was written. Nothing of it may be used."""


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """One intact snapshot file.

    Attributes:
        index, term: of the last entry whose commands are in it.
        size_bytes: of the file.
        checksum: of all of it. Two snapshots with the same of these four are the same.
    """

    index: int
    term: int
    size_bytes: int
    checksum: int


class SnapshotWriter:
    def __init__(self, file: AppendedFile, index: int, term: int) -> None:
        checked = _HEADER.pack(_MAGIC, 0, _FORMAT, index, term)[_CHECKED_FROM:]
        self._file = file
        self._index = index
        self._term = term
        self._crc = zlib.crc32(checked)
        self._chunks = 0
        self._chunk_bytes = 0
        self._waiting: list[bytes] = [_MAGIC + self._crc.to_bytes(4, "little") + checked]
        self._waiting_bytes = self._size_bytes = _HEADER.size
        self._synced_bytes = 0

    def append(self, chunk: bytes) -> None:
        assert 0 < len(chunk) <= CHUNK_BYTES_MAX, f"a chunk of {len(chunk)} bytes"
        self._crc = zlib.crc32(chunk, self._crc)
        self._chunks += 1
        self._chunk_bytes += len(chunk)
        self._put(_CHUNK.pack(len(chunk), self._crc) + chunk)
        if self._waiting_bytes >= _READ_BYTES:
            self._write()
        if self._size_bytes - self._synced_bytes >= _SYNC_EVERY_BYTES:
            # Much that gathers in the system goes to the disk at once, and the log waits for it.
            self._file.sync()
            self._synced_bytes = self._size_bytes

    def finish(self) -> SnapshotInfo:
        """Returns when all of it is on stable storage."""
        end = _END.pack(self._chunks, self._chunk_bytes)
        self._crc = zlib.crc32(end, self._crc)
        self._put(_CHUNK.pack(0, self._crc) + end)
        self._write()
        self._file.sync()
        return SnapshotInfo(self._index, self._term, self._size_bytes, self._crc)

    def _put(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self._size_bytes += len(data)

    def _write(self) -> None:
        self._file.append(b"".join(self._waiting))
        self._waiting.clear()
        self._waiting_bytes = 0


class SnapshotReader:
    """Gives each chunk only after its checksum held; `info` is known after the last one.

    Attributes:
        info: None until the end was reached and found right.
    """

    def __init__(self, directory: ReadInParts, name: str) -> None:
        self._directory = directory
        self._name = name
        self._position = 0
        self._buffer = b""
        self._at = 0
        self.info: SnapshotInfo | None = None

    def chunks(self) -> Iterator[bytes]:
        """Raises `SnapshotDamaged`, perhaps after many chunks: read all before using any."""
        magic, crc, file_format, index, term = _HEADER.unpack(header := self._take(_HEADER.size))
        if magic != _MAGIC or zlib.crc32(header[_CHECKED_FROM:]) != crc:
            raise self._damaged("its header is not a snapshot's")
        if file_format != _FORMAT:
            raise self._damaged(f"it has format {file_format}, not {_FORMAT}")
        chunks = chunk_bytes = 0
        while True:
            length, expected = _CHUNK.unpack(self._take(_CHUNK.size))
            if length > CHUNK_BYTES_MAX:
                raise self._damaged(f"a chunk of {length} bytes")
            body = self._take(length or _END.size)
            crc = zlib.crc32(body, crc)
            if not self._is_intact(crc, expected):
                raise self._damaged(f"wrong checksum before byte {self._position}")
            if not length:
                break
            chunks += 1
            chunk_bytes += length
            yield body
        if _END.unpack(body) != (chunks, chunk_bytes) or self._has_more():
            raise self._damaged("it does not end where it says")
        self.info = SnapshotInfo(index, term, self._position, crc)

    def _is_intact(self, checksum: int, expected: int) -> bool:
        return checksum == expected

    def _take(self, size_bytes: int) -> bytes:
        while len(self._buffer) - self._at < size_bytes:
            more = self._directory.read_part(
                self._name, self._position + len(self._buffer) - self._at, _READ_BYTES
            )
            if not more:
                raise self._damaged("it ends too early")
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        taken = self._buffer[self._at : self._at + size_bytes]
        self._at += size_bytes
        self._position += size_bytes
        return taken

    def _has_more(self) -> bool:
        return self._at < len(self._buffer) or bool(
            self._directory.read_part(self._name, self._position, 1)
        )

    def _damaged(self, why: str) -> SnapshotDamaged:
        return SnapshotDamaged(f"snapshot {self._name} is damaged: {why}")
