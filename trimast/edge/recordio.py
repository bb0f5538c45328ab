"""RecordIO, the framing of event streams in the Mesos v1 API: a length in decimal, a line break,
then as many bytes."""

from typing import Final

RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
_DIGITS_MAX: Final = 20


class BadRecord(Exception):
    """What comes over the stream are no records, and none after it can be told apart."""


def to_record(data: bytes) -> bytes:
    return b"%d\n%b" % (len(data), data)


class RecordReader:
    """Takes a stream apart, however it is cut.

    Args:
        bytes_max: a longer record is refused before it is there.
    """

    def __init__(self, *, bytes_max: int = RECORD_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._rest = bytearray()
        self._length: int | None = None

    @property
    def is_between_records(self) -> bool:
        """If the stream ends here, nothing is missing."""
        return not self._rest and self._length is None

    def feed(self, data: bytes) -> list[bytes]:
        """The records that are whole now. Raises BadRecord; the reader is of no use after that."""
        self._rest += data
        records: list[bytes] = []
        begin = 0
        while True:
            if self._length is None:
                begin = self._read_length(begin)
            if self._length is None or len(self._rest) - begin < self._length:
                break
            records.append(bytes(self._rest[begin : begin + self._length]))
            begin += self._length
            self._length = None
        del self._rest[:begin]
        return records

    def _read_length(self, begin: int) -> int:
        """Where the record begins, if its length is known by now."""
        end = self._rest.find(b"\n", begin, begin + _DIGITS_MAX + 1)
        digits = bytes(
            self._rest[begin : begin + _DIGITS_MAX + 1] if end < 0 else self._rest[begin:end]
        )
        is_open = end < 0 and len(digits) <= _DIGITS_MAX
        if is_open and (not digits or digits.isdigit()):
            return begin
        if is_open or end < 0 or not digits.isdigit():
            raise BadRecord(f"a record begins with its length in decimal, not with {digits!r}")
        length = int(digits)
        if length > self._bytes_max:
            raise BadRecord(f"a record has at most {self._bytes_max} bytes, this one {length}")
        self._length = length
        return end + 1
