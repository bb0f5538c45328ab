"""Pretended processes, for tests that need many, or need them to do as they are told."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.effects import BoundProcess, FindProcess, StartProcess
from agent.events import (
    Asked,
    ProcessExited,
    ProcessMissing,
    ProcessPaused,
    ProcessStarted,
    StartFailed,
)
from agent.tasks import TaskKey
from trimast.model.resources import Resources

Run = tuple[TaskKey, int]


@dataclass(slots=True)
class FakeMachine:
    """What outlives a containerizer: the processes, and how those that are over have ended."""

    commands: dict[Run, str] = field(default_factory=dict)
    pids: dict[Run, int] = field(default_factory=dict)
    asked: dict[Run, Asked] = field(default_factory=dict)
    bounds: dict[Run, Resources] = field(default_factory=dict)
    paused: set[Run] = field(default_factory=set)
    ends: dict[Run, tuple[int | None, int | None]] = field(default_factory=dict)


class FakeContainerizer:
    """Knows four commands: true, false, sleep, and stubborn, which does not care for TERM.

    `tick` does what was ordered since: as with real ones, nothing comes of an order at once.
    """

    def __init__(
        self, on_event: Callable[[ContainerEvent], None], machine: FakeMachine | None = None
    ) -> None:
        self._on_event = on_event
        self._machine = machine or FakeMachine()
        self._orders: list[Callable[[], None]] = []
        self._known: set[Run] = set()

    async def open(self) -> None:
        pass

    def start(self, order: StartProcess) -> None:
        self._orders.append(lambda: self._start(order))

    def cancel_start(self, key: TaskKey, fence: int) -> None:
        pass  # Always too late.

    def find(self, order: FindProcess) -> None:
        self._orders.append(lambda: self._find((order.key, order.fence)))

    def end_strays(self) -> None:
        self._orders.append(self._end_strays)

    def terminate(self, key: TaskKey, fence: int, *, by_order: bool) -> None:
        run = (key, fence)
        self._machine.asked.setdefault(run, Asked.BY_ORDER if by_order else Asked.TO_STOP)
        if self._machine.commands.get(run) != "stubborn":
            self._orders.append(lambda: self._end(run, None, 15))

    def kill(self, key: TaskKey, fence: int) -> None:
        self._orders.append(lambda: self._end((key, fence), None, 9))

    def pause(self, key: TaskKey, fence: int, *, paused: bool) -> None:
        self._orders.append(lambda: self._pause((key, fence), paused))

    def bound(self, order: BoundProcess) -> None:
        self._machine.bounds[order.key, order.fence] = order.resources

    def forget(self, key: TaskKey, fence: int) -> None:
        self._machine.ends.pop((key, fence), None)

    async def close(self, *, end: bool) -> None:
        self._orders.clear()
        if end:
            self._machine.commands.clear()

    def tick(self) -> None:
        orders, self._orders = self._orders, []
        for order in orders:
            order()

    def _start(self, order: StartProcess) -> None:
        command = order.task.command.value
        run = order.key, order.fence
        if command not in {"true", "false", "sleep", "stubborn"}:
            self._on_event(StartFailed(*run, f"Cannot start the task: {command}"))
            return
        self._known.add(run)
        self._machine.commands[run] = command
        self._machine.pids[run] = 1_000 + len(self._machine.pids)
        self._on_event(ProcessStarted(*run, self._machine.pids[run], start_ticks=1))
        if command in {"true", "false"}:
            self._orders.append(lambda: self._end(run, int(command == "false"), None))

    def _find(self, run: Run) -> None:
        machine = self._machine
        if run not in machine.pids:
            self._on_event(ProcessMissing(*run))
            return
        self._known.add(run)
        asked = machine.asked.get(run)
        self._on_event(ProcessStarted(*run, machine.pids[run], 1, asked))
        if run in machine.paused and run in machine.commands:
            self._on_event(ProcessPaused(*run, True))
        if run in machine.ends:
            self._on_event(ProcessExited(*run, *machine.ends[run]))

    def _pause(self, run: Run, paused: bool) -> None:
        if run in self._machine.commands and (run in self._machine.paused) != paused:
            (self._machine.paused.add if paused else self._machine.paused.discard)(run)
            self._on_event(ProcessPaused(*run, paused))

    def _end_strays(self) -> None:
        for run in list(self._machine.commands):
            if run not in self._known:
                self._end(run, None, 9)

    def _end(self, run: Run, exit_code: int | None, signal: int | None) -> None:
        if self._machine.commands.pop(run, None) is not None:
            self._machine.ends[run] = (exit_code, signal)
            if run in self._known:
                self._on_event(ProcessExited(*run, exit_code, signal))
