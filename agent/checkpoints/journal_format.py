"""The bytes of the checkpoint journal: frames, each written and fsynced as one.

A frame is a line `TJ1 <bytes> <crc of the payload> <crc of this line so far>`, then the payload.
There is no zero byte in a frame. So where a power cut has left sectors that never reached the
disk, they show; and a frame that is bad in any other way has been damaged since it was written.
"""

import re
import zlib
from typing import Final

MAGIC: Final = b"TJ1 "
HEADER_BYTES: Final = len(b"TJ1 00000000 00000000 00000000\n")
SECTOR_BYTES: Final = 512
_HEADER: Final = re.compile(rb"TJ1 ([0-9a-f]{8}) [0-9a-f]{8} ([0-9a-f]{8})\n")


class JournalDamagedError(Exception):
    """Bytes that were safely on disk have changed since."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the checkpoint journal is damaged in the frame at byte {offset}")
        self.offset = offset


def frame(payload: bytes) -> bytes:
    assert payload
    assert b"\0" not in payload
    start = b"TJ1 %08x %08x " % (len(payload), zlib.crc32(payload))
    return b"%b%08x\n%b" % (start, zlib.crc32(start), payload)


def read_frames(data: bytes) -> tuple[list[bytes], int]:
    """The payloads, and how many bytes they fill.

    What follows those bytes is a write that was never finished, and nobody was told of it.

    Raises:
        JournalDamagedError: at a frame that had been finished.
    """
    payloads: list[bytes] = []
    offset = 0
    while offset < len(data):
        payload = _payload_at(data, offset)
        if payload is None:
            if not _is_torn(data, offset):
                raise JournalDamagedError(offset)
            break
        payloads.append(payload)
        offset += HEADER_BYTES + len(payload)
    return payloads, offset


def sound_frames(data: bytes) -> tuple[list[tuple[int, bytes]], int, list[int]]:
    """What can be had of a journal in which each frame stands for itself.

    Returns:
        The sound frames, each with where it begins; how many bytes there are up to the end of the
        last one; and where there is damage. What follows the last one, and is no damage, is a
        write that was never finished.
    """
    frames: list[tuple[int, bytes]] = []
    damaged: list[int] = []
    offset = good_bytes = 0
    while offset < len(data):
        payload = _payload_at(data, offset)
        if payload is not None:
            frames.append((offset, payload))
            offset = good_bytes = offset + HEADER_BYTES + len(payload)
            continue
        if _is_torn(data, offset):
            break
        damaged.append(offset)
        next_offset = _next_frame(data, offset)
        if next_offset is None:
            break
        offset = next_offset
    return frames, good_bytes, damaged


def _payload_at(data: bytes, offset: int) -> bytes | None:
    """None if there is no sound frame."""
    length = _payload_bytes(data, offset)
    if length is None:
        return None
    begin = offset + HEADER_BYTES
    payload = data[begin : begin + length]
    crc = data[offset + 13 : offset + 21]
    return payload if len(payload) == length and crc == b"%08x" % zlib.crc32(payload) else None


def _payload_bytes(data: bytes, offset: int) -> int | None:
    """As the frame's first line has it; None if that is not sound."""
    header = _HEADER.match(data, offset)
    if header is None:
        return None
    length, crc = header.groups()
    start = data[offset : header.start(2)]
    return int(length, 16) if crc == b"%08x" % zlib.crc32(start) else None


def _is_torn(data: bytes, offset: int) -> bool:
    """Whether the bad frame at `offset` looks as an unfinished last write does."""
    length = _payload_bytes(data, offset)
    if length is None:
        # Not even its first line is whole: cut short, or sectors are missing; and, as it was
        # the last write, no sound frame comes after it.
        is_short = len(data) - offset < HEADER_BYTES
        return is_short or (
            _has_missing_sector(data, offset, len(data)) and _next_frame(data, offset) is None
        )
    end = offset + HEADER_BYTES + length
    if end > len(data):
        return True
    return end == len(data) and _has_missing_sector(data, offset, end)


def _has_missing_sector(data: bytes, begin: int, end: int) -> bool:
    while begin < end:
        next_sector = min(end, (begin // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if not any(data[begin:next_sector]):
            return True
        begin = next_sector
    return False


def _next_frame(data: bytes, offset: int) -> int | None:
    """Where the first sound frame after `offset` begins."""
    place = data.find(MAGIC, offset + 1)
    while place != -1:
        if _payload_at(data, place) is not None:
            return place
        place = data.find(MAGIC, place + 1)
    return None
