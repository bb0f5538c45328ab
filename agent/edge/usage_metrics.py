"""What all tasks of an agent use together, for Prometheus. No label holds a task's name."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.edge.containerizer.usage import TaskUsage

SAMPLE_EVERY_S: Final = 10.0
ROUNDS_UNSEEN_MOST: Final = 6
"""If nobody has looked at so many, only one in so many is taken, until somebody looks."""


class UsageMetrics(Collector):
    """As old as `SAMPLE_EVERY_S` at most: whoever scrapes does not wait for the launcher.

    While nobody scrapes, as old as a minute: each sample reads some files a task.

    Args:
        isolated: tasks are held to their share.
    """

    def __init__(self, isolated: Callable[[], bool]) -> None:
        self._isolated = isolated
        self._sample: tuple[TaskUsage, ...] = ()
        self._rounds_unseen = ROUNDS_UNSEEN_MOST

    async def keep_sampling(self, usage: Callable[[], Awaitable[Mapping[Any, TaskUsage]]]) -> None:
        while True:
            if self._isolated() and self._is_worth_it():
                self.take(await usage())
            await asyncio.sleep(SAMPLE_EVERY_S)

    def _is_worth_it(self) -> bool:
        unseen, self._rounds_unseen = self._rounds_unseen, self._rounds_unseen + 1
        return unseen < ROUNDS_UNSEEN_MOST or unseen % ROUNDS_UNSEEN_MOST == 0

    def take(self, usage: Mapping[Any, TaskUsage]) -> None:
        self._sample = tuple(usage.values())

    def collect(self) -> Iterable[Metric]:
        self._rounds_unseen = 0
        used = self._sample
        for name, about, value in (
            ("isolated", "1 if tasks are held to their share by cgroups.", self._isolated()),
            ("cgroups", "Tasks that run in a cgroup.", len(used)),
            ("tasks_rss_bytes", "Memory of the processes of all tasks.", _sum(used, "rss_bytes")),
            ("tasks_mem_bytes", "The same, with cached files.", _sum(used, "mem_bytes")),
            ("tasks_pids", "Processes and threads of all tasks.", _sum(used, "pids")),
            (
                "tasks_cpu_seconds",
                "CPU time that the tasks that run now have spent.",
                _sum(used, "cpu_user_s") + _sum(used, "cpu_system_s"),
            ),
            (
                "tasks_throttled_seconds",
                "How long these had to wait because their CPU quota was spent.",
                _sum(used, "throttled_s"),
            ),
        ):
            yield GaugeMetricFamily(f"trimast_agent_{name}", about, value=float(value))


def _sum(used: Iterable[TaskUsage], name: str) -> float:
    return float(sum(getattr(each, name) for each in used))
