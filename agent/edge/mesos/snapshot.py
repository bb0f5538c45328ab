"""What an agent measures, under the names that Mesos has: `/metrics/snapshot` and GET_METRICS."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.edge.mesos.holdings import framework_ids, resources_in
from agent.state import AgentState
from agent.tasks import Phase
from trimast.model.task_lifecycle import TERMINAL_STATES, TaskState

_RESOURCES: Final = ("cpus", "gpus", "mem", "disk")
_LIVE: Final = (TaskState.STAGING, TaskState.STARTING, TaskState.RUNNING, TaskState.KILLING)


class MetricsSnapshot:
    """
    Args:
        ended: how many tasks have ended so, since this life of the agent began.
        now_s: monotonic.
    """

    def __init__(
        self,
        state: AgentState,
        work_dir: Path,
        *,
        ended: Callable[[TaskState], float],
        now_s: Callable[[], float],
    ) -> None:
        self._state = state
        self._work_dir = work_dir
        self._ended = ended
        self._now_s = now_s
        self._began_s = now_s()

    def take(self) -> dict[str, float]:
        return {
            "slave/uptime_secs": self._now_s() - self._began_s,
            "slave/registered": float(self._state.is_welcome),
            "slave/frameworks_active": float(len(framework_ids(self._state))),
            **self._tasks(),
            **self._executors(),
            **self._resources(),
            **self.system(),
        }

    def system(self) -> dict[str, float]:
        """Of the machine, whatever the agent does on it."""
        page, load = os.sysconf("SC_PAGE_SIZE"), os.getloadavg()
        disk = shutil.disk_usage(self._work_dir)
        return {
            "system/cpus_total": float(os.cpu_count() or 0),
            "system/load_1min": load[0],
            "system/load_5min": load[1],
            "system/load_15min": load[2],
            "system/mem_total_bytes": float(page * os.sysconf("SC_PHYS_PAGES")),
            "system/mem_free_bytes": float(page * os.sysconf("SC_AVPHYS_PAGES")),
            "slave/work_dir_disk_used_percent": disk.used / disk.total if disk.total else 0.0,
        }

    def _tasks(self) -> dict[str, float]:
        live = Counter(task.state for task in self._state.tasks.values() if task.is_live)
        return {
            **{f"slave/tasks_{state.value}": float(live[state]) for state in _LIVE},
            **{f"slave/tasks_{s.value}": self._ended(s) for s in sorted(TERMINAL_STATES)},
        }

    def _executors(self) -> dict[str, float]:
        executors = self._state.executors.values()
        ending = sum(executor.ending is not None for executor in executors)
        running = sum(
            executor.phase is Phase.RUNNING and executor.ending is None for executor in executors
        )
        return {
            "slave/executors_registering": float(len(executors) - ending - running),
            "slave/executors_running": float(running),
            "slave/executors_terminating": float(ending),
        }

    def _resources(self) -> dict[str, float]:
        total, used_milli = self._state.info.resources, self._used_milli()
        found: dict[str, float] = {}
        for name in _RESOURCES:
            there, taken = total.scalar_milli(name) / 1000, used_milli[name] / 1000
            found[f"slave/{name}_total"] = there
            found[f"slave/{name}_used"] = taken
            found[f"slave/{name}_percent"] = taken / there if there else 0.0
        return found

    def _used_milli(self) -> Counter[str]:
        """By name. Many tasks ask for the same, and that is read once."""
        tasks = self._state.tasks.values()
        asked = Counter(task.notes.resources for task in tasks if task.is_live)
        shares = [(resources_in(text), count) for text, count in asked.items()]
        shares += [(each.notes.info.resources, 1) for each in self._state.executors.values()]
        used: Counter[str] = Counter()
        for share, count in shares:
            for name, milli in share.amounts.scalars:
                used[name] += milli * count
        return used
