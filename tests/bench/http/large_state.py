"""`/state` of a large cluster: how long it takes, and what it costs those who launch meanwhile."""

import asyncio
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from tests.bench.agent import OneByOne
from tests.bench.pauses import restore_all, write_crowded
from tests.bench.replication.measured import percentile
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up
from trimast.framework import SchedulerDriver

AGENTS: Final = 1_000
TASKS: Final = 10_000
LAUNCHES: Final = 200
_RESOURCES: Final = "cpus:4;mem:4096;disk:1024"
_LEADER_WITHIN_S: Final = 60.0
_WHILE_S: Final = 0.2


async def bench(folder: Path) -> dict[str, Any]:
    cluster = await bring_up(folder, masters=3, agents=2, resources=_RESOURCES)
    await asyncio.to_thread(bring_down, folder)
    backup = folder / "crowded.backup"
    await asyncio.to_thread(write_crowded, backup, TASKS, cluster.name, TASKS // AGENTS)
    await asyncio.to_thread(restore_all, cluster, backup)
    cluster = await bring_up(folder)
    leader = await leader_of(cluster, _LEADER_WITHIN_S)
    asking = Asking(f"http://{leader.http}/state")
    alone_s = await launches_s(cluster)
    await asking.once()
    asking.took_s.clear()
    for _ in range(10):
        await asking.once()
    quiet_s = percentile(asking.took_s, 50)
    keeps_asking = asyncio.create_task(asking.again_and_again())
    beside_s = await launches_s(cluster)
    keeps_asking.cancel()
    return {
        "agents": AGENTS,
        "tasks": TASKS,
        "mib": round(asking.size_bytes / 2**20, 1),
        "took_s": round(quiet_s, 3),
        "launch_alone_ms": _milliseconds(alone_s),
        "launch_beside_ms": _milliseconds(beside_s),
    }


class Asking:
    def __init__(self, url: str) -> None:
        self._url = url
        self.size_bytes = 0
        self.took_s: list[float] = []

    async def once(self) -> None:
        began_s = time.perf_counter()
        self.size_bytes = len(await asyncio.to_thread(self._get))
        self.took_s.append(time.perf_counter() - began_s)

    async def again_and_again(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(_WHILE_S)

    def _get(self) -> bytes:
        with urllib.request.urlopen(self._url, timeout=60) as answer:
            found: bytes = answer.read()
            return found


async def launches_s(cluster: ClusterFile) -> list[float]:
    """From a launch to the news that it runs, one task after the other."""
    scheduler = OneByOne(LAUNCHES)
    await SchedulerDriver(scheduler, "one-by-one", cluster.master_addresses).run()
    return scheduler.to_running_s


def _milliseconds(found_s: list[float]) -> dict[str, float]:
    return {
        f"p{percent}": round(percentile(found_s, percent) * 1000, 1) for percent in (50, 99, 100)
    }
