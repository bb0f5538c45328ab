"""The contract of what is replicated: the same commands, in the same order, everywhere."""

from typing import Protocol


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
