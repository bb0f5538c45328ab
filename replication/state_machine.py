"""The contract of what is replicated: the same commands, in the same order, everywhere."""

from collections.abc import Iterator
from typing import Protocol


class SnapshotUnreadable(Exception):
    """A newer program wrote it, or it makes no sense: this replica cannot use it."""


class Capture(Protocol):
    """The state as it was at one entry, whatever is applied afterwards."""

    def chunks(self) -> Iterator[bytes]:
        """The state as bytes; the same state gives the same bytes. Called once.

        Used in another thread while commands are applied. That thread rests after each chunk, so
        that the event loop gets its turn: make one in about a millisecond. 1 byte to 512 MiB each.
        """


class Restoration(Protocol):
    """A state that is being built anew, aside from the one in force."""

    def take(self, chunk: bytes) -> None:
        """The next of what `Capture.chunks` gave, perhaps on another replica, in that order.

        Used in another thread: touches nothing that the event loop uses.

        Raises:
            SnapshotUnreadable: nothing has changed.
        """

    def put_in_place(self) -> None:
        """After the last chunk, on the event loop: from here on this is the state."""


class StateMachine(Protocol):
    """Deterministic: reads no clock, no chance, no environment, and never waits."""

    def apply(self, index: int, command: bytes) -> object:
        """Take one committed command.

        Called once for every command on every replica, in the order of the log. It never
        raises, for any bytes whatever: what cannot be understood is refused by a value. An
        exception is our own mistake, and the engine stops the process on it.

        Args:
            index: position in the log; the commands of one entry share it.
            command: as it was proposed.

        Returns:
            What the proposer is told: handed on to it as `Committed.result`, on its replica only.
        """

    def capture(self) -> Capture:
        """Hold on to the state as it is now: on the event loop, within a few ms."""

    def restore(self, index: int) -> Restoration:
        """Begin to build the state that was captured after the entry at `index`."""
