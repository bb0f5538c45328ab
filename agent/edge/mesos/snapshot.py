"""What an agent measures, under the names that Mesos has: `/metrics/snapshot` and GET_METRICS."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.edge.mesos.holdings import framework_ids, holdings
from agent.state import AgentState
from agent.tasks import Phase
from trimast.model.resources import total_of
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
            **_system(self._work_dir),
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
        total = self._state.info.resources
        used = total_of(h.resources.amounts for h in holdings(self._state) if h.is_live)
        found: dict[str, float] = {}
        for name in _RESOURCES:
            there, taken = total.scalar_milli(name) / 1000, used.scalar_milli(name) / 1000
            found[f"slave/{name}_total"] = there
            found[f"slave/{name}_used"] = taken
            found[f"slave/{name}_percent"] = taken / there if there else 0.0
        return found


def _system(work_dir: Path) -> dict[str, float]:
    page, load = os.sysconf("SC_PAGE_SIZE"), os.getloadavg()
    disk = shutil.disk_usage(work_dir)
    return {
        "system/cpus_total": float(os.cpu_count() or 0),
        "system/load_1min": load[0],
        "system/load_5min": load[1],
        "system/load_15min": load[2],
        "system/mem_total_bytes": float(page * os.sysconf("SC_PHYS_PAGES")),
        "system/mem_free_bytes": float(page * os.sysconf("SC_AVPHYS_PAGES")),
        "slave/work_dir_disk_used_percent": disk.used / disk.total if disk.total else 0.0,
    }
