"""How a backup looks: a checked header that says what it is, and a snapshot file behind it.

Little endian: `magic, crc, format, length`, then so many bytes of JSON; the checksum is of all of
that but the magic and itself. Then a snapshot, byte for byte as `snapshot_file.py` has it, and
nothing after it. So a backup is made a part at a time, from start to end, by whoever has a state to
capture; and each bit of it is covered by a checksum.
"""

import hashlib
import json
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from replication.config import ID_PATTERN
from replication.engine.configuration_codec import (
    ConfigurationUnreadable,
    as_fields,
    decode,
)
from replication.engine.files import OsDirectory
from replication.engine.snapshot_file import (
    SnapshotDamaged,
    SnapshotInfo,
    SnapshotReader,
    SnapshotWriter,
)
from replication.membership import Configuration

_PREFIX: Final = struct.Struct("<4sIII")
_MAGIC: Final = b"TmB1"
_FORMAT: Final = 1
_CHECKED_FROM: Final = 8
_HEADER_BYTES_MAX: Final = 1024 * 1024
_HASHED_BYTES: Final = 1024 * 1024
_REST_S: Final = 0.0001
"""After each chunk: whoever else needs the interpreter gets it, as when a snapshot is written."""


class BackupRefused(Exception):
    """It cannot be used as a backup. The text names the file and says why."""


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """
    Attributes:
        configuration: in force when it was made.
        index, term: of the last entry whose commands are in it.
        made_at_ms: wall clock, for people.
        made_by: the replica whose state it is.
        contents: what those who use the log want to say of their state; nothing to the log itself.
    """

    cluster_id: str
    configuration: Configuration
    index: int
    term: int
    made_at_ms: int
    made_by: str
    contents: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """One intact backup.

    Attributes:
        sha256: of the whole file, in hexadecimal digits.
    """

    header: BackupHeader
    snapshot: SnapshotInfo
    size_bytes: int
    sha256: str


def backup_parts(header: BackupHeader, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of a backup, about a MiB at a time. For a thread: it rests after each chunk."""
    yield _encode(header)
    collected = _Collected()
    writer = SnapshotWriter(collected, header.index, header.term)
    for chunk in chunks:
        writer.append(chunk)
        time.sleep(_REST_S)
        if collected.data:
            yield collected.take()
    writer.finish()
    yield collected.take()


class BackupFile:
    """A backup on this machine; every method raises `BackupRefused` for one that is not right."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0

    def check(self) -> BackupInfo:
        """Read all of it."""
        try:
            header = self._read_header()
            reader = SnapshotReader(self, self._path.name)
            for _ in reader.chunks():
                pass
            digest, size_bytes = self._digest()
        except OSError as error:
            raise BackupRefused(f"{self._path} cannot be read: {error.strerror}") from error
        except SnapshotDamaged as error:
            raise self._damaged(str(error).partition(" is damaged: ")[2]) from error
        assert reader.info is not None
        if (reader.info.index, reader.info.term) != (header.index, header.term):
            raise self._damaged("its header is of another snapshot")
        return BackupInfo(header, reader.info, size_bytes, digest)

    def chunks(self) -> Iterator[bytes]:
        """Of the state. Check it before."""
        self._read_header()
        yield from SnapshotReader(self, self._path.name).chunks()

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        """As a `ReadInParts`: the snapshot in it is one file of its own."""
        with self._path.open("rb") as file:
            return os.pread(file.fileno(), size_bytes, self._start + start)

    def _read_header(self) -> BackupHeader:
        with self._path.open("rb") as file:
            prefix = file.read(_PREFIX.size)
            if prefix[:4] != _MAGIC:
                raise BackupRefused(f"{self._path} is not a backup: it does not begin as one")
            if len(prefix) < _PREFIX.size:
                raise self._damaged("it ends too early")
            _, crc, file_format, length = _PREFIX.unpack(prefix)
            if length > _HEADER_BYTES_MAX:
                raise self._damaged(f"a header of {length} bytes")
            body = file.read(length)
        if len(body) < length:
            raise self._damaged("it ends too early")
        if zlib.crc32(prefix[_CHECKED_FROM:] + body) != crc:
            raise self._damaged("its header is not what was written")
        if file_format != _FORMAT:
            raise BackupRefused(
                f"{self._path} has format {file_format}, not {_FORMAT}: a newer program wrote it"
            )
        self._start = _PREFIX.size + length
        return self._header(body)

    def _header(self, body: bytes) -> BackupHeader:
        try:
            fields = json.loads(body)
            header = BackupHeader(
                cluster_id=str(fields["cluster_id"]),
                configuration=decode(json.dumps(fields["configuration"]).encode()),
                index=int(fields["index"]),
                term=int(fields["term"]),
                made_at_ms=int(fields["made_at_ms"]),
                made_by=str(fields["made_by"]),
                contents=dict(fields["contents"]),
            )
        except (ValueError, LookupError, TypeError, ConfigurationUnreadable) as error:
            raise self._damaged(f"its header makes no sense: {error!r}") from error
        if not ID_PATTERN.fullmatch(header.cluster_id):
            raise self._damaged(f"its header names the cluster {header.cluster_id!r}")
        return header

    def _digest(self) -> tuple[str, int]:
        digest = hashlib.sha256()
        size_bytes = 0
        with self._path.open("rb") as file:
            while part := file.read(_HASHED_BYTES):
                digest.update(part)
                size_bytes += len(part)
        return digest.hexdigest(), size_bytes

    def _damaged(self, why: str) -> BackupRefused:
        return BackupRefused(f"{self._path} is damaged: {why}; nothing of it may be used")


def write_backup(
    path: Path, parts: Iterator[bytes], *, overwrite: bool, told: Callable[[int], None]
) -> None:
    """All of it under its name and durable on return, or nothing under that name.

    Args:
        told: how many bytes there are by now, after each part.

    Raises:
        BackupRefused: there is such a file already.
        OSError: it cannot be written; what was written is removed.
    """
    if path.exists() and not overwrite:
        raise BackupRefused(f"{path} is there already; name another file, or say --force")
    draft = path.with_name(path.name + ".partial")
    size_bytes = 0
    try:
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            for part in parts:
                file.write(part)
                size_bytes += len(part)
                told(size_bytes)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    OsDirectory(path.parent).sync()


class _Collected:
    """An `AppendedFile` whose bytes are taken out again."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    def append(self, data: bytes) -> None:
        self.data.append(data)

    def sync(self) -> None:
        """Whoever writes the backup does that."""

    def finish(self) -> None:
        """Whoever writes the backup does that, too."""

    def close(self) -> None:
        """There is nothing to give back."""

    def take(self) -> bytes:
        taken, self.data = b"".join(self.data), []
        return taken


def _encode(header: BackupHeader) -> bytes:
    fields = {
        "cluster_id": header.cluster_id,
        "configuration": as_fields(header.configuration),
        "index": header.index,
        "term": header.term,
        "made_at_ms": header.made_at_ms,
        "made_by": header.made_by,
        "contents": dict(header.contents),
    }
    body = json.dumps(fields, sort_keys=True).encode()
    checked = _PREFIX.pack(_MAGIC, 0, _FORMAT, len(body))[_CHECKED_FROM:] + body
    return _MAGIC + zlib.crc32(checked).to_bytes(4, "little") + checked
