"""The threads that make sandboxes, some at a time: what comes together is ordered together."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from agent.edge.containerizer.command_line import CannotStart
from agent.edge.containerizer.launch_news import start_failed
from agent.edge.containerizer.preparing import Preparing
from agent.edge.sandbox.volumes import VolumeMissing
from agent.effects import StartProcess
from agent.events import StartFailed
from agent.launcher.wire import Message
from trimast.edge.fatal import own_task

AT_ONCE_MAX: Final = 8
"""How many sandboxes a thread makes before their tasks are ordered."""
_THREADS: Final = 2


class PreparingThreads:
    """
    Args:
        on_prepared: is told, on the event loop, of each order what the launcher is to be told, or
            why it cannot be started.
    """

    def __init__(
        self,
        to_prepare: Preparing,
        on_prepared: Callable[[StartProcess, Message | StartFailed], None],
    ) -> None:
        self._to_prepare = to_prepare
        self._on_prepared = on_prepared
        self._waiting: deque[StartProcess] = deque()
        self._idle = _THREADS
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="prepare")
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def add(self, order: StartProcess) -> None:
        self._waiting.append(order)
        if self._idle:
            self._idle -= 1
            # In the next turn, so that all orders of this one go together.
            asyncio.get_running_loop().call_soon(self._go_on)

    async def close(self) -> None:
        """Nothing is told any more; what is being made is finished."""
        self._is_closed = True
        self._waiting.clear()
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._pool.shutdown()

    def _go_on(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE_MAX, len(self._waiting)))]
        if not batch:
            self._idle += 1
            return
        preparing = own_task(self._prepare(batch))
        self._under_way.add(preparing)
        preparing.add_done_callback(self._under_way.discard)

    async def _prepare(self, batch: list[StartProcess]) -> None:
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._pool, self._prepare_all, batch)
        if self._is_closed:
            return
        self._go_on()
        for order, outcome in zip(batch, outcomes, strict=True):
            self._on_prepared(order, outcome)

    def _prepare_all(self, batch: list[StartProcess]) -> list[Message | StartFailed]:
        """In a thread."""
        outcomes: list[Message | StartFailed] = []
        for order in batch:
            try:
                outcomes.append(self._to_prepare.prepare(order))
            except (CannotStart, VolumeMissing, OSError, ValueError) as error:
                outcomes.append(start_failed((order.key, order.fence), str(error)))
        return outcomes
