"""A task's stdout or stderr as it grows, and as its agent takes the front of it off."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from trimast.cli.failing import Failed
from trimast.cli.sandbox.agent_http import asked

PIECE_BYTES: Final = 1024 * 1024
"""As much as an agent gives at once."""
ROTATING_TRIES: Final = 20
ROTATING_PAUSE_S: Final = 0.05
SIZE_HEADER: Final = "Trimast-File-Bytes"
DROPPED_HEADER: Final = "Trimast-File-Dropped-Bytes"


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Attributes:
        file_bytes: how large the file is now.
        dropped_bytes: how much came before it: of a file that is still written to, what has been
            taken off its front, ever.
    """

    data: bytes
    file_bytes: int
    dropped_bytes: int

    @property
    def end(self) -> int:
        return self.dropped_bytes + self.file_bytes


class TaskOutput:
    """
    Attributes:
        missed_bytes: written, but rotated away before they were read, and kept nowhere.
    """

    def __init__(self, agent_address: str, framework_id: str, task_id: str, name: str) -> None:
        self.missed_bytes = 0
        parts = (framework_id, task_id, name)
        self._address = agent_address
        self._path = "/sandbox/" + "/".join(quote(part, safe="") for part in parts)
        self._position = 0
        self._dropped = 0
        self._has_begun = False

    @property
    def position(self) -> int:
        """How much has been read, rotated away or skipped."""
        return self._position

    def written_bytes(self) -> int:
        """By the task, ever. Raises Failed."""
        piece = self._read(0, 0)
        return piece.dropped_bytes + piece.file_bytes

    def skip_to_last(self, lines: int) -> None:
        """Go on where the last `lines` of what is there begin. Raises Failed."""
        piece = self._read(0, 0)
        self._begin(piece)
        begin, found = piece.file_bytes, 0
        while begin > 0:
            length = min(PIECE_BYTES, begin)
            data = self._read(begin - length, length).data
            if begin == piece.file_bytes:
                data = data.removesuffix(b"\n")  # It ends the last line, and begins no other.
            for place in reversed(range(len(data))):
                if data[place] == 0x0A and (found := found + 1) == lines:
                    self._position = piece.dropped_bytes + begin - length + place + 1
                    return
            begin -= length
        if lines == 0:
            self._position = piece.dropped_bytes + piece.file_bytes

    def read(self) -> bytes:
        """What follows; nothing if there is no more yet. Raises Failed."""
        while True:
            piece = self._read(max(0, self._position - self._dropped), PIECE_BYTES)
            if not self._has_begun:
                self._begin(piece)
            if piece.dropped_bytes == self._dropped:
                break
            if data := self._rotated_away(piece.dropped_bytes):
                self._position += len(data)
                return data
            self._dropped = piece.dropped_bytes
            self._miss_until(self._dropped)
        if not piece.data and self._position > self._dropped + piece.file_bytes:
            # Emptied by somebody, or by an agent that cannot say how much it took off.
            self._position = self._dropped
            return self.read() if piece.file_bytes else b""
        self._position += len(piece.data)
        return piece.data

    def _begin(self, piece: Piece) -> None:
        self._has_begun = True
        self._dropped = self._position = piece.dropped_bytes

    def _rotated_away(self, end: int) -> bytes:
        """What follows of that which is in older files by now; they go as far as `end`."""
        tries = ROTATING_TRIES
        while self._position < end and tries > 0:
            older = list(self._older())
            for suffix, piece in older:
                if piece.dropped_bytes <= self._position < piece.end:
                    offset = self._position - piece.dropped_bytes
                    found = self._read(offset, PIECE_BYTES, suffix)
                    if found.dropped_bytes == piece.dropped_bytes:
                        return found.data
                    break
            else:
                if older and older[0][1].end == end:
                    later = [p.dropped_bytes for _, p in older if p.dropped_bytes > self._position]
                    self._miss_until(min(later, default=end))
                    continue
            # They are just being renamed.
            tries -= 1
            time.sleep(ROTATING_PAUSE_S)
        return b""

    def _miss_until(self, position: int) -> None:
        self.missed_bytes += max(0, position - self._position)
        self._position = max(self._position, position)

    def _older(self) -> Iterator[tuple[str, Piece]]:
        for number in itertools.count(1):
            try:
                yield f".{number}", self._read(0, 0, f".{number}")
            except Failed:
                return

    def _read(self, offset: int, length: int, suffix: str = "") -> Piece:
        path = self._path + suffix
        with asked(self._address, path, offset=offset, length=length) as response:
            data: bytes = response.read()
            size = int(response.headers.get(SIZE_HEADER, 0))
            return Piece(data, size, int(response.headers.get(DROPPED_HEADER, 0)))
