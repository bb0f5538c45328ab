"""Applies what is committed, entry by entry, and tells each proposer what came of it."""

from collections.abc import Callable

from replication.config import ReplicationConfig
from replication.engine import entry
from replication.engine.fail_stop import StateMachineRaised
from replication.engine.proposals import Proposals
from replication.engine.wal import Wal
from replication.membership import Configuration
from replication.observer import LogObserver
from replication.state_machine import StateMachine


class Applying:
    """Attributes:
    applied_index: the state is that after this entry.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        state_machine: StateMachine,
        wal: Wal,
        proposals: Proposals,
        observer: LogObserver,
        applied_index: int,
        on_entry: Callable[[int, int], None],
    ) -> None:
        """
        Args:
            on_entry: called with index and size in bytes of each entry that was applied.
        """
        self._commands_max = config.apply_commands_per_turn_max
        self._state_machine = state_machine
        self._wal = wal
        self._proposals = proposals
        self._observer = observer
        self._on_entry = on_entry
        self.applied_index = applied_index
        self.entries_committed = 0
        self.commands_committed = 0

    @property
    def applied_term(self) -> int | None:
        return self._wal.term_at(self.applied_index)

    def run(self, settled_index: int, *, number: int) -> Configuration | None:
        """Apply up to `settled_index`, up to a seal of configuration `number`, or for one turn.

        Returns:
            The configuration that begins behind what is applied now, if one does.
        """
        commands_left = self._commands_max
        while self.applied_index < settled_index and commands_left > 0:
            index = self.applied_index + 1
            found = self._wal.entry_at(index)
            assert found is not None, f"entry {index} is not in the log"
            payload = found[0][1:]
            sealed = entry.seal_in(payload, index, found[2])
            commands = [] if sealed else entry.unpack(payload)
            self._apply(index, commands)
            commands_left -= max(1, len(commands))
            self._on_entry(index, len(payload))
            if sealed is not None and sealed.number > number:
                assert sealed.number == number + 1, "a configuration was left out"
                return sealed
        return None

    def _apply(self, index: int, commands: list[bytes]) -> None:
        proposals = self._proposals.take(index)
        for at, command in enumerate(commands):
            try:
                result = self._state_machine.apply(index, command)
                if proposals:
                    self._proposals.committed(proposals[at], index, result)
            except Exception as error:
                raise StateMachineRaised(f"at entry {index}: {error!r}") from error
        self.applied_index = index
        self.entries_committed += 1
        self.commands_committed += len(commands)
        self._observer.commands_committed(len(commands))
