"""Bytes from one file to another: counted, hashed, and never more than was allowed."""

import hashlib
import os
from typing import Any, Final

from agent.edge.fetcher.rules import FetchFailed
from agent.edge.fetcher.stopping import Stop

PIECE_BYTES: Final = 1024 * 1024


class CheckedWriter:
    """Writes to a file, and knows what it has written. Used by one thread at a time.

    Args:
        checksum: the name of a hash and its hex digits.
    """

    def __init__(self, file: int, *, bytes_max: int, checksum: tuple[str, str] | None) -> None:
        self.written = 0
        self._file = file
        self._bytes_max = bytes_max
        self._checksum = checksum
        self._hash: Any = None if checksum is None else hashlib.new(checksum[0])

    def write(self, data: bytes) -> None:
        """Raises FetchFailed, OSError."""
        self.written += len(data)
        check_length(self.written, self._bytes_max)
        if self._hash is not None:
            self._hash.update(data)
        write_all(self._file, data)

    def check(self) -> None:
        """All is written: is it what it should be? Raises FetchFailed."""
        if self._checksum is None:
            return
        name, digits = self._checksum
        found = self._hash.hexdigest()
        if found != digits:
            raise FetchFailed(f"its {name} is {found}, and not {digits}")


def check_length(length: int, bytes_max: int) -> None:
    if length > bytes_max:
        raise FetchFailed(f"it is larger than {bytes_max} bytes, the most that is fetched")


def write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def copy(source: int, writer: CheckedWriter, stop: Stop) -> None:
    """From the beginning. Raises FetchFailed, OSError, Stopped."""
    offset = 0
    while data := os.pread(source, PIECE_BYTES, offset):
        stop.check()
        writer.write(data)
        offset += len(data)
    writer.check()
