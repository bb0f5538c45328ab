"""A state that is nothing but the list of all commands, and its snapshots."""

from collections.abc import Callable, Iterator

from replication.engine import entry


class CapturedCommands:
    """The state of a state machine that is a list of all commands."""

    def __init__(self, commands: list[bytes]) -> None:
        self._commands = list(commands)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self._commands), 10):
            yield entry.pack(self._commands[start : start + 10])


class RestoredCommands:
    def __init__(self, put_in_place: Callable[[list[bytes]], None]) -> None:
        self._commands: list[bytes] = []
        self._put_in_place = put_in_place

    def take(self, chunk: bytes) -> None:
        self._commands += entry.unpack(chunk)

    def put_in_place(self) -> None:
        self._put_in_place(self._commands)
