from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest

from trimast.cli.failing import Failed
from trimast.cli.sandbox import task_output
from trimast.cli.sandbox.task_output import DROPPED_HEADER, SIZE_HEADER, TaskOutput


class Agent:
    """Has one file and older ones of it, and answers as the page of an agent does."""

    def __init__(self) -> None:
        self.data = b""
        self.dropped = 0
        self.says_dropped = True
        self.older: list[tuple[int, bytes]] = []
        self.older_max = 0
        self.is_renamed_after = 0

    def rotate(self, count: int) -> None:
        self.older.insert(0, (self.dropped, self.data[:count]))
        del self.older[self.older_max :]
        self.data = self.data[count:]
        self.dropped += count

    @contextmanager
    def asked(self, _address: str, path: str, *, offset: int, length: int) -> Iterator[Any]:
        dropped, data = self._file(path.rpartition("stdout")[2])
        answer: Any = BytesIO(data[offset : offset + length])
        dropped = dropped if self.says_dropped else 0
        answer.headers = {SIZE_HEADER: str(len(data)), DROPPED_HEADER: str(dropped)}
        yield answer

    def _file(self, suffix: str) -> tuple[int, bytes]:
        if not suffix:
            return self.dropped, self.data
        self.is_renamed_after -= 1
        there = self.older[1:] if self.is_renamed_after >= 0 else self.older
        number = int(suffix.removeprefix("."))
        if number > len(there):
            raise Failed("the agent answered 404")
        return there[number - 1]


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    agent = Agent()
    monkeypatch.setattr(task_output, "asked", agent.asked)
    monkeypatch.setattr(task_output, "ROTATING_PAUSE_S", 0.0)
    return agent


def output() -> TaskOutput:
    return TaskOutput("host:1", "f", "t", "stdout")


def test_what_is_added_follows_what_was_read(agent: Agent) -> None:
    agent.data = b"one"
    reading = output()
    assert (reading.read(), reading.read()) == (b"one", b"")
    agent.data += b"two"
    assert reading.read() == b"two"


def test_a_rotation_neither_loses_nor_doubles(agent: Agent) -> None:
    agent.data = b"0123456789"
    reading = output()
    assert reading.read() == b"0123456789"
    agent.data += b"abc"
    agent.rotate(7)
    assert (reading.read(), reading.missed_bytes) == (b"abc", 0)


def test_what_is_rotated_away_unread_is_counted(agent: Agent) -> None:
    reading = output()
    assert reading.read() == b""
    agent.data = b"0123456789"
    agent.rotate(7)
    assert (reading.read(), reading.missed_bytes) == (b"789", 7)


@pytest.mark.parametrize("is_renamed_after", [0, 1, 5])
def test_what_is_rotated_away_unread_is_read_where_it_is_now(
    agent: Agent, is_renamed_after: int
) -> None:
    agent.older_max = 2
    agent.data = b"0123"
    reading = output()
    assert reading.read() == b"0123"
    agent.data += b"456789"
    agent.rotate(7)
    agent.data += b"abcdef"
    agent.rotate(5)
    agent.is_renamed_after = is_renamed_after
    found = b""
    while piece := reading.read():
        found += piece
    assert (found, reading.missed_bytes) == (b"456789abcdef", 0)


def test_of_what_is_rotated_away_only_that_is_missed_which_is_nowhere_any_more(
    agent: Agent,
) -> None:
    agent.older_max = 1
    reading = output()
    assert reading.read() == b""
    for number in range(3):
        agent.data += b"%d" % number * 5
        agent.rotate(5)
    agent.data = b"end"
    assert (reading.read(), reading.missed_bytes) == (b"22222", 10)
    assert (reading.read(), reading.missed_bytes) == (b"end", 10)


def test_how_far_it_is_and_could_be_is_known(agent: Agent) -> None:
    agent.data = b"0123456789"
    agent.rotate(7)
    reading = output()
    assert reading.written_bytes() == 10
    reading.read()
    assert reading.position == 10


def test_what_was_rotated_before_is_not_missed(agent: Agent) -> None:
    agent.data = b"0123456789"
    agent.rotate(7)
    reading = output()
    assert (reading.read(), reading.missed_bytes) == (b"789", 0)


def test_a_file_that_is_emptied_begins_anew(agent: Agent) -> None:
    agent.says_dropped = False
    agent.data = b"0123456789"
    reading = output()
    reading.read()
    agent.data = b"new"
    assert (reading.read(), reading.read()) == (b"new", b"")


@pytest.mark.parametrize(
    ("data", "lines", "last"),
    [
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\nb\n", 9, b"a\nb\n"),
        (b"a\nb\n", 2, b"a\nb\n"),
        (b"a\nb\n", 0, b""),
        (b"", 3, b""),
        (b"\n\n\n", 1, b"\n"),
        (b"x" * 100_000 + b"\n" + b"y" * 100_000, 1, b"y" * 100_000),
    ],
)
def test_the_last_lines_are_found(agent: Agent, data: bytes, lines: int, last: bytes) -> None:
    agent.data = b"dropped" + data
    agent.rotate(7)
    reading = output()
    reading.skip_to_last(lines)
    pieces = []
    while piece := reading.read():
        pieces.append(piece)
    assert b"".join(pieces) == last
