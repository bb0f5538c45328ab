"""Records, and streams cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimast.edge.recordio import BadRecord, RecordReader, to_record


def test_a_record_is_its_length_in_bytes_a_line_break_and_the_bytes() -> None:
    assert to_record('{"é":1}'.encode()) == b'8\n{"\xc3\xa9":1}'


@given(st.lists(st.binary(max_size=30)), st.integers(1, 7))
def test_however_a_stream_is_cut_its_records_are_the_same(records: list[bytes], step: int) -> None:
    stream = b"".join(map(to_record, records))
    reader = RecordReader()
    pieces = [stream[begin : begin + step] for begin in range(0, len(stream), step)]
    assert [record for piece in pieces for record in reader.feed(piece)] == records
    assert reader.is_between_records


def test_a_stream_that_ends_within_a_record_shows() -> None:
    reader = RecordReader()
    assert reader.feed(b"3\nab") == []
    assert not reader.is_between_records


@pytest.mark.parametrize("start", [b"\n", b"x", b" 3\n", b"+3\nabc", b"-1\n", b"3\r\n", b"9" * 21])
def test_what_does_not_begin_with_a_length_is_refused(start: bytes) -> None:
    with pytest.raises(BadRecord, match="a record begins with its length in decimal"):
        RecordReader().feed(start)


def test_too_long_a_record_is_refused_before_it_is_there() -> None:
    with pytest.raises(BadRecord, match="a record has at most 10 bytes, this one 11"):
        RecordReader(bytes_max=10).feed(b"11\n")
