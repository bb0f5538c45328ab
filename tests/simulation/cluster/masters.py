"""Masters over one replicated log that changes hands; a deposed leader may not know of it yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from master.edge.registry_codec import command_to_bytes
from master.edge.registry_log import RegistryLog
from master.leader.dispatch import Leader
from master.leader.effects import LeaderEffect, Propose
from master.leader.events import CommandDecided, DeadlinePassed, LeaderEvent
from master.leader.settings import LeaderSettings
from master.leader.taking_over import take_over
from master.registry.commands import BeginEpoch, Command
from master.registry.outcome import Applied
from tests.simulation.cluster.world import World
from trimast.model.ids import MasterId
from trimast.model.refusal import Refused

SETTINGS = LeaderSettings(
    offer_timeout_ms=5_000,
    agent_ping_ms=500,
    agent_silence_max_ms=2_000,
    agent_return_ms=4_000,
    framework_return_ms=60_000,
    heartbeat_ms=500,
    report_retry_first_ms=1_000,
    report_retry_max_ms=4_000,
)
COMMIT_MOST_MS = 60


class Doors(Protocol):
    def perform(self, reign: "Reign", effect: LeaderEffect) -> None: ...

    def end(self, reign: "Reign") -> None: ...


@dataclass(eq=False, slots=True)
class Reign:
    """
    Attributes:
        is_over: its leader knows, or is dead. One that is merely deposed goes on unaware.
    """

    name: str
    leader: Leader
    is_over: bool = False
    alarm_ms: int | None = None

    @property
    def epoch(self) -> int:
        return self.leader.state.epoch


@dataclass(slots=True)
class Masters:
    """
    Attributes:
        committed: every command, in the order of the log.
    """

    world: World
    doors: Doors
    registry_log: RegistryLog = field(default_factory=RegistryLog)
    reigns: list[Reign] = field(default_factory=list)
    electing: bool = False
    committed: list[bytes] = field(default_factory=list)
    _elections: int = 0
    _log_free_ms: int = 0

    @property
    def newest(self) -> Reign | None:
        return self.reigns[-1] if self.reigns else None

    def elect(self) -> None:
        """Somebody else is elected; whoever led is deposed from the commit of that epoch on."""
        self._elections += 1
        self.electing = True
        name = MasterId(f"m{self._elections}")
        begin = Command(self.registry_log.state.epoch, 0, BeginEpoch(name))
        self._commit(command_to_bytes(begin), lambda _index, _outcome: self._begin(name))

    def end(self, reign: Reign) -> None:
        if not reign.is_over:
            reign.is_over = True
            self.doors.end(reign)

    def feed(self, reign: Reign, event: LeaderEvent) -> None:
        if reign.is_over:
            return
        for effect in reign.leader.handle(event, self.world.now_ms):
            if isinstance(effect, Propose):
                self._propose(reign, effect)
            else:
                self.doors.perform(reign, effect)
        self._set_alarm(reign)

    def _begin(self, name: str) -> None:
        self.electing = False
        state = take_over(
            self.registry_log.state,
            SETTINGS,
            id_prefix="c",
            wall_offset_ms=0,
            now_ms=self.world.now_ms,
        )
        reign = Reign(name, Leader(state))
        self.reigns.append(reign)
        self._set_alarm(reign)

    def _propose(self, reign: Reign, effect: Propose) -> None:
        decision = effect.command.decision

        def decided(index: int, outcome: Applied | Refused) -> None:
            self.feed(reign, CommandDecided(decision, index, outcome, effect.regards))

        is_deposed = reign is not self.newest or self.electing
        if is_deposed and self.world.random.random() < 0.5:
            return  # It never reaches a quorum, and its proposer never hears.
        self._commit(command_to_bytes(effect.command), decided)

    def _commit(self, data: bytes, decided: Callable[[int, Applied | Refused], None]) -> None:
        """In the order of the proposals, as bytes, some time later."""
        due_ms = self.world.now_ms + self.world.random.randint(1, COMMIT_MOST_MS)
        self._log_free_ms = max(self._log_free_ms, due_ms)

        def apply() -> None:
            self.committed.append(data)
            index = len(self.committed)
            decided(index, self.registry_log.apply(index, data))

        self.world.after(self._log_free_ms - self.world.now_ms, apply)

    def _set_alarm(self, reign: Reign) -> None:
        deadline_ms = reign.leader.next_deadline_ms()
        if reign.is_over or deadline_ms is None or deadline_ms == reign.alarm_ms:
            return
        reign.alarm_ms = deadline_ms

        def ring() -> None:
            if reign.alarm_ms == deadline_ms:
                reign.alarm_ms = None
                self.feed(reign, DeadlinePassed())

        self.world.after(max(0, deadline_ms - self.world.now_ms), ring)
