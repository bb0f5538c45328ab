"""What tasks use of the machine, as their launcher reads it from their cgroups."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from agent.launcher.wire import Message
from agent.tasks import TaskKey

ANSWER_TIMEOUT_S: Final = 2.0

Run = tuple[TaskKey, int]


class TaskUsage(NamedTuple):
    """
    Attributes:
        at_s: when it was read, by the wall clock.
        rss_bytes: memory of processes; `mem_bytes` is with what files take in the cache.
        mem_limit_bytes: None if there is none.
        throttled_s: how long it had to wait because its CPU quota was spent.
    """

    at_s: float
    cpu_user_s: float
    cpu_system_s: float
    throttled_s: float
    rss_bytes: int
    mem_bytes: int
    mem_peak_bytes: int
    mem_limit_bytes: int | None
    pids: int


class UsageQuestion:
    """However many ask at once, the launcher is asked once.

    Args:
        run_of: reads the name of a launch.
    """

    def __init__(self, run_of: Callable[[str], Run]) -> None:
        self._run_of = run_of
        self._answer: asyncio.Future[dict[Run, TaskUsage]] | None = None

    async def ask(self, send: Callable[[], None]) -> dict[Run, TaskUsage]:
        if self._answer is None or self._answer.done():
            self._answer = asyncio.get_running_loop().create_future()
            send()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await asyncio.shield(self._answer)
        except TimeoutError:
            self._answer = None
            return {}

    def told(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            used = message["launches"].items()
            at_s = message["at"]
            self._answer.set_result(
                {self._run_of(name): TaskUsage(at_s, **figures) for name, figures in used}
            )
