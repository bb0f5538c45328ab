"""Pretended processes, for tests that need many, or need them to do as they are told."""

from collections.abc import Callable

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from agent.tasks import TaskKey


class FakeContainerizer:
    """Knows four commands: true, false, sleep, and stubborn, which does not care for TERM.

    `tick` does what was ordered since: as with real ones, nothing comes of an order at once.
    """

    def __init__(self, on_event: Callable[[ContainerEvent], None]) -> None:
        self._on_event = on_event
        self._orders: list[Callable[[], None]] = []
        self._running: dict[tuple[TaskKey, int], str] = {}
        self._pid = 1_000

    def start(self, order: StartProcess) -> None:
        self._orders.append(lambda: self._start(order))

    def terminate(self, key: TaskKey, fence: int) -> None:
        if self._running.get((key, fence)) != "stubborn":
            self._orders.append(lambda: self._end(key, fence, None, 15))

    def kill(self, key: TaskKey, fence: int) -> None:
        self._orders.append(lambda: self._end(key, fence, None, 9))

    async def close(self) -> None:
        self._orders.clear()
        self._running.clear()

    def tick(self) -> None:
        orders, self._orders = self._orders, []
        for order in orders:
            order()

    def _start(self, order: StartProcess) -> None:
        command = order.task.command.value
        key, fence = order.key, order.fence
        if command not in {"true", "false", "sleep", "stubborn"}:
            self._on_event(StartFailed(key, fence, f"Cannot start the task: {command}"))
            return
        self._pid += 1
        self._running[key, fence] = command
        self._on_event(ProcessStarted(key, fence, self._pid, start_ticks=1))
        if command in {"true", "false"}:
            self._orders.append(lambda: self._end(key, fence, int(command == "false"), None))

    def _end(self, key: TaskKey, fence: int, exit_code: int | None, signal: int | None) -> None:
        if self._running.pop((key, fence), None) is not None:
            self._on_event(ProcessExited(key, fence, exit_code, signal))
