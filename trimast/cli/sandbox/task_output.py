"""A task's stdout or stderr as it grows, and as its agent takes the front of it off."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from trimast.cli.sandbox.agent_http import asked

PIECE_BYTES: Final = 1024 * 1024
"""As much as an agent gives at once: who follows a flood must be faster than it is rotated away."""
SIZE_HEADER: Final = "Trimast-File-Bytes"
DROPPED_HEADER: Final = "Trimast-File-Dropped-Bytes"


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Attributes:
        file_bytes: how large the file is now.
        dropped_bytes: how much has been taken off its front, ever.
    """

    data: bytes
    file_bytes: int
    dropped_bytes: int


class TaskOutput:
    """
    Attributes:
        missed_bytes: written, but rotated away before they were read.
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
            self._dropped = piece.dropped_bytes
            self.missed_bytes += max(0, self._dropped - self._position)
            self._position = max(self._position, self._dropped)
        if not piece.data and self._position > self._dropped + piece.file_bytes:
            # Emptied by somebody, or by an agent that cannot say how much it took off.
            self._position = self._dropped
            return self.read() if piece.file_bytes else b""
        self._position += len(piece.data)
        return piece.data

    def _begin(self, piece: Piece) -> None:
        self._has_begun = True
        self._dropped = self._position = piece.dropped_bytes

    def _read(self, offset: int, length: int) -> Piece:
        with asked(self._address, self._path, offset=offset, length=length) as response:
            data: bytes = response.read()
            size = int(response.headers.get(SIZE_HEADER, 0))
            return Piece(data, size, int(response.headers.get(DROPPED_HEADER, 0)))
