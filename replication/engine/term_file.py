"""The current term and the vote given in it, twice on disk.

Both copies are written and synced one after the other. Whatever single thing happens to them - a
crash in the middle of a write, a bit that flips later - the copy that is still intact holds the
newest value that anyone was told of.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from replication.engine.files import Directory

COPIES: Final = ("term.a", "term.b")
_HEADER: Final = struct.Struct("<4sIQQB")
_MAGIC: Final = b"TmT1"
_COPY_BYTES: Final = 512


class TermFileDamaged(Exception):
    """Neither copy of the term and vote can be read. This replica might vote twice."""


@dataclass(frozen=True, slots=True)
class Ballot:
    term: int
    voted_for: str | None


class TermFile:
    def __init__(self, directory: Directory, sequence: int, ballot: Ballot) -> None:
        self._directory = directory
        self._sequence = sequence
        self.ballot = ballot

    @classmethod
    def create(cls, directory: Directory) -> "TermFile":
        created = cls(directory, 0, Ballot(0, None))
        created.store(Ballot(0, None))
        return created

    @classmethod
    def open(cls, directory: Directory) -> "TermFile":
        present = set(directory.names())
        copies = [_decode(directory.read(name)) for name in COPIES if name in present]
        intact = [copy for copy in copies if copy is not None]
        if not intact:
            raise TermFileDamaged(
                f"{' and '.join(COPIES)} are missing or damaged; restore this replica's data "
                "directory, or replace the replica"
            )
        sequence, ballot = max(intact, key=lambda copy: copy[0])
        opened = cls(directory, sequence, ballot)
        if len(intact) < len(COPIES) or intact[0] != intact[1]:
            opened.store(ballot)
        return opened

    def store(self, ballot: Ballot) -> None:
        """Returns when it is on stable storage."""
        self._sequence += 1
        data = _encode(self._sequence, ballot)
        for name in COPIES:
            self._directory.overwrite(name, data)
        self.ballot = ballot


def _encode(sequence: int, ballot: Ballot) -> bytes:
    vote = b"" if ballot.voted_for is None else ballot.voted_for.encode()
    body = _HEADER.pack(_MAGIC, 0, sequence, ballot.term, len(vote))[8:] + vote
    body = body.ljust(_COPY_BYTES - 8, b"\0")
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def _decode(data: bytes) -> tuple[int, Ballot] | None:
    if len(data) < _COPY_BYTES:
        return None
    magic, crc, sequence, term, vote_bytes = _HEADER.unpack_from(data)
    if magic != _MAGIC or zlib.crc32(data[8:_COPY_BYTES]) != crc:
        return None
    vote = data[_HEADER.size : _HEADER.size + vote_bytes].decode()
    return sequence, Ballot(term, vote or None)
