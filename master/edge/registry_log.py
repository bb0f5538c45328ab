"""The registry on the replicated log: what every master applies, in the log's order."""

import structlog

from master.edge.registry_codec import command_from_bytes
from master.registry.apply import apply
from master.registry.outcome import Outcome, refused
from master.registry.state import RegistryState
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.refusal import RefusalReason

log = structlog.get_logger()


class RegistryLog:
    """A `replication.state_machine.StateMachine`. Total: bytes it cannot read are refused."""

    def __init__(self) -> None:
        self.state = RegistryState()

    def apply(self, index: int, command: bytes) -> Outcome:
        try:
            readable = command_from_bytes(command)
        except BadMessage as error:
            # Every master refuses it alike, so they stay alike.
            log.error("command_unreadable", index=index, error=str(error))
            return refused(RefusalReason.UNREADABLE, str(error))
        return apply(self.state, index, readable)
