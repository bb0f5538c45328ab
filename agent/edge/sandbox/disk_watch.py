"""Looks now and then whether the sandboxes of running tasks are larger than their tasks' disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from agent.edge.sandbox.disk_use import bytes_used
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.events import DiskExceeded
from agent.state import AgentState
from agent.tasks import OverDisk, Phase, Task
from trimast.model.resources_text import resources_from_text

log = structlog.get_logger()

_MIB: Final = 1024 * 1024


class DiskWatch:
    def __init__(
        self,
        state: AgentState,
        sandboxes: Sandboxes,
        on_exceeded: Callable[[DiskExceeded], None],
        *,
        every_ms: int,
        registry: CollectorRegistry,
    ) -> None:
        self._state = state
        self._sandboxes = sandboxes
        self._on_exceeded = on_exceeded
        self._every_s = every_ms / 1000
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._exceeded = Counter(
            "trimast_agent_disk_quota_exceeded_total",
            "Tasks ended because their sandbox was larger than their disk.",
            registry=registry,
        )

    async def keep_watching(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()

    async def look(self) -> None:
        """Once at each, one after the other."""
        loop = asyncio.get_running_loop()
        live = self._sandboxes.live()
        for task in list(self._state.tasks.values()):
            limit_bytes = limit_of(task)
            sandbox = live.get((task.key, task.fence))
            if limit_bytes is None or sandbox is None:
                continue
            try:
                used_bytes = await loop.run_in_executor(self._pool, bytes_used, sandbox)
            except OSError as error:
                log.warning("sandbox_not_measured", path=str(sandbox), error=str(error))
                continue
            if used_bytes > limit_bytes:
                self._exceeded.inc()
                over = OverDisk(used_bytes, limit_bytes)
                self._on_exceeded(DiskExceeded(task.key, task.fence, over))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def limit_of(task: Task) -> int | None:
    """None if it asked for no disk, or is not to be ended any more."""
    if task.phase is not Phase.RUNNING or task.over_disk is not None:
        return None
    milli_mib = resources_from_text(task.notes.resources).scalar_milli("disk")
    return milli_mib * _MIB // 1000 or None
