"""Every way in which a journal may be cut or damaged, at every byte."""

import zlib

import pytest

from agent.checkpoints.journal_format import (
    HEADER_BYTES,
    SECTOR_BYTES,
    JournalDamagedError,
    frame,
    read_frames,
)

PAYLOADS = [b'["epoch",1]', b'["epoch",2]\n["epoch",3]', b"x" * 40]
FRAMES = [frame(payload) for payload in PAYLOADS]
JOURNAL = b"".join(FRAMES)
ENDS = [len(b"".join(FRAMES[: count + 1])) for count in range(len(FRAMES))]


def test_frames_are_read_as_they_were_written() -> None:
    assert read_frames(JOURNAL) == (PAYLOADS, len(JOURNAL))
    assert read_frames(b"") == ([], 0)


@pytest.mark.parametrize("cut", range(len(JOURNAL)))
def test_cut_anywhere_the_whole_frames_before_are_kept(cut: int) -> None:
    whole = [end for end in ENDS if end <= cut]
    assert read_frames(JOURNAL[:cut]) == (PAYLOADS[: len(whole)], max(whole, default=0))


@pytest.mark.parametrize("place", range(len(JOURNAL)))
@pytest.mark.parametrize("bit", [0x01, 0x10, 0x80])
def test_a_changed_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    damaged = bytearray(JOURNAL)
    damaged[place] ^= bit
    begin = max((end for end in ENDS if end <= place), default=0)
    with pytest.raises(JournalDamagedError) as error:
        read_frames(bytes(damaged))
    assert error.value.offset == begin


@pytest.mark.parametrize("bytes_missing", [1, 30, HEADER_BYTES, 700, 1500])
def test_a_last_write_of_which_sectors_are_missing_is_cut_off(bytes_missing: int) -> None:
    """The file has its new length, but the end of it never reached the disk."""
    last = frame(b"y" * 1500)
    journal = JOURNAL + last
    first_missing = -(-(len(journal) - bytes_missing) // SECTOR_BYTES) * SECTOR_BYTES
    if first_missing >= len(journal):
        first_missing -= SECTOR_BYTES
    torn = journal[:first_missing].ljust(len(journal), b"\0")
    assert read_frames(torn) == (PAYLOADS, len(JOURNAL))


def test_a_last_write_with_a_hole_is_cut_off() -> None:
    journal = bytearray(JOURNAL + frame(b"y" * 3000))
    journal[SECTOR_BYTES : 2 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
    assert read_frames(bytes(journal)) == (PAYLOADS, len(JOURNAL))


def test_a_last_write_of_which_nothing_arrived_is_cut_off() -> None:
    assert read_frames(JOURNAL + bytes(2000)) == (PAYLOADS, len(JOURNAL))


def test_a_hole_before_a_whole_frame_is_damage() -> None:
    journal = bytearray(frame(b"y" * 3000) + JOURNAL)
    journal[SECTOR_BYTES : 2 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
    with pytest.raises(JournalDamagedError):
        read_frames(bytes(journal))


def test_a_lost_first_line_before_a_whole_frame_is_damage() -> None:
    journal = bytearray(frame(b"y" * 3000) + JOURNAL)
    journal[:SECTOR_BYTES] = bytes(SECTOR_BYTES)
    with pytest.raises(JournalDamagedError):
        read_frames(bytes(journal))


def test_a_first_line_with_a_right_checksum_and_no_number_is_no_frame() -> None:
    start = b"TJ1 0000\xcd\xcf0b /1158026 "
    forged = b"%b%08x\n%b" % (start, zlib.crc32(start), b"payload")
    with pytest.raises(JournalDamagedError):
        read_frames(frame(b"one") + forged + frame(b"two"))
