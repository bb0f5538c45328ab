"""The registry on the replicated log: what every master applies, in the log's order."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from master.edge.registry_codec import command_from_bytes
from master.edge.registry_snapshot_codec import RegistryReading, snapshot_chunks
from master.registry.apply import apply
from master.registry.commands import Command
from master.registry.outcome import Outcome, refused
from master.registry.snapshot import RegistrySnapshot, capture, replace_all
from master.registry.state import RegistryState
from replication.state_machine import SnapshotUnreadable
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.refusal import RefusalReason

log = structlog.get_logger()


class RegistryLog:
    """A `replication.state_machine.StateMachine`. Total: bytes it cannot read are refused."""

    def __init__(self) -> None:
        self.state = RegistryState()
        self._read_before: dict[bytes, Command] = {}

    def expect(self, data: bytes, command: Command) -> None:
        """`command` is what is read from `data`, which will come back; or see `expect_nothing`."""
        self._read_before[data] = command

    def expect_nothing(self) -> None:
        self._read_before.clear()

    def apply(self, index: int, command: bytes) -> Outcome:
        try:
            readable = self._read_before.pop(command, None) or command_from_bytes(command)
        except BadMessage as error:
            # Every master refuses it alike, so they stay alike.
            log.error("command_unreadable", index=index, error=str(error))
            return refused(RefusalReason.UNREADABLE, str(error))
        return apply(self.state, index, readable)

    def capture(self) -> "CapturedRegistry":
        return CapturedRegistry(capture(self.state))

    def restore(self, index: int) -> "RestoredRegistry":
        return RestoredRegistry(self.state, index)


@dataclass(frozen=True, slots=True)
class CapturedRegistry:
    snapshot: RegistrySnapshot

    def chunks(self) -> Iterator[bytes]:
        return snapshot_chunks(self.snapshot)


class RestoredRegistry:
    """Those who hold the registry's state go on holding it: what is in it changes."""

    def __init__(self, state: RegistryState, index: int) -> None:
        self._state = state
        self._index = index
        self._reading = RegistryReading()

    def take(self, chunk: bytes) -> None:
        try:
            self._reading.take(chunk)
        except BadMessage as error:
            raise SnapshotUnreadable(f"of entry {self._index}: {error}") from error

    def put_in_place(self) -> None:
        assert self._reading.is_whole, "the engine gives all that was captured"
        replace_all(self._state, self._reading.state)
