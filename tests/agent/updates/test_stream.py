import pytest

from agent.updates.stream import UpdateStream
from tests.agent.one_agent import FINISHED, RUNNING, STARTING, uuid


def written_stream() -> UpdateStream:
    stream = UpdateStream()
    for update in (STARTING, RUNNING):
        stream.add(update)
    stream.mark_written(2)
    return stream


def test_nothing_goes_out_before_it_is_written() -> None:
    stream = UpdateStream()
    stream.add(STARTING)
    assert stream.next_to_send() == []
    stream.mark_written(1)
    assert stream.next_to_send() == [STARTING]


def test_what_went_out_does_not_go_out_again_by_itself() -> None:
    stream = written_stream()
    assert stream.next_to_send() == [STARTING, RUNNING]
    assert stream.next_to_send() == []
    stream.rewind()
    assert stream.next_to_send() == [STARTING, RUNNING]


def test_what_is_taken_is_gone() -> None:
    stream = written_stream()
    assert stream.take(uuid(1)) == STARTING
    assert stream.take(uuid(1)) is None
    assert stream.next_to_send() == [RUNNING]


def test_what_is_not_on_disk_cannot_be_taken() -> None:
    stream = written_stream()
    stream.add(FINISHED)
    assert stream.take(FINISHED.uuid) is None


def test_numbers_have_no_gap() -> None:
    with pytest.raises(AssertionError):
        UpdateStream().add(RUNNING)


def test_settled_is_everything_before_the_first_that_is_not_taken() -> None:
    stream = written_stream()
    assert stream.settled == 0
    stream.take(uuid(2))
    assert stream.settled == 0
    stream.take(uuid(1))
    assert stream.settled == 2


def test_a_stream_read_back_goes_on_counting() -> None:
    stream = UpdateStream()
    stream.restore(RUNNING)
    stream.restore(RUNNING)
    assert (stream.untaken, stream.made, stream.written) == ([RUNNING], 2, 2)
    stream.add(FINISHED)
