"""What one agent costs: how soon a task runs, and what an agent takes of its machine at rest.

python -m tests.bench.agent [--one-by-one 200] [--sleeping 500] [--idle-seconds 20] [--json]

Three masters and two agents on one machine. One after the other, a task is launched on an offer
that lies ready: the time until its framework hears RUNNING. First as soon as the last one has
ended, while its end is still cleaned up after; then when all has been at rest for a moment, which
finds caches cold and cores asleep. Then so many tasks on each agent that sleep: the memory of the
agents and their launchers, and the CPU that they and the masters take while nothing happens.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench.processes import agents_of, cpu_s, rss_mib
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up
from trimast.cli.local_cluster.processes import launchers_under
from trimast.framework import (
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskInfo,
    command_task,
)
from trimast.model.task_lifecycle import TaskState

AGENTS: Final = 2
RESTS_S: Final = (0.0, 0.1)
AT_ONCE_MAX: Final = 100
"""In one accept, which the leader deals with in one turn of its loop."""
RESOURCES: Final = "cpus:64;mem:65536;disk:1024"
_CPUS: Final = 0.01


class OneByOne(Scheduler):
    """Launches the next task when the last has ended, and the offer has lain for so long."""

    def __init__(self, count: int, rest_s: float = 0.0) -> None:
        self._left = count
        self._rest_s = rest_s
        self._began_s = 0.0
        self._is_under_way = False
        self._number = 0
        self.to_running_s: list[float] = []

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers[:1]:
            if not self._is_under_way and self._left > 0:
                self._is_under_way = True
                asyncio.get_running_loop().call_later(self._rest_s, self._launch, driver, offer)
            else:
                driver.decline(offer, refuse_ms=0)
        for offer in offers[1:]:
            driver.decline(offer, refuse_ms=3_600_000)

    def _launch(self, driver: SchedulerDriver, offer: Offer) -> None:
        self._began_s = time.perf_counter()
        self._number += 1
        task = command_task(f"one-{self._number}", ["/bin/true"], cpus=_CPUS, mem_mib=32)
        driver.launch(offer, [task], refuse_ms=0)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.state is TaskState.RUNNING:
            self.to_running_s.append(time.perf_counter() - self._began_s)
        elif update.state.is_terminal:
            self._is_under_way = False
            self._left -= 1
            if not self._left:
                driver.stop()


class Sleeping(Scheduler):
    """
    Args:
        count: for each of the agents.

    Attributes:
        all_run: set once so many tasks run.
    """

    def __init__(self, count: int, agents: int) -> None:
        self._left = dict.fromkeys(range(count * agents))
        self._count = count
        self._placed: Counter[str] = Counter()
        self._agent_of: dict[str, str] = {}
        self._to_come = count * agents
        self.all_run = asyncio.Event()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            room = min(AT_ONCE_MAX, self._count - self._placed[offer.agent_id])
            numbers = list(self._left)[:room]
            for number in numbers:
                del self._left[number]
                self._agent_of[f"sleep-{number}"] = offer.agent_id
            self._placed[offer.agent_id] += len(numbers)
            if numbers:
                driver.launch(offer, map(_sleeper, numbers), refuse_ms=0)
            else:
                driver.decline(offer, refuse_ms=3_600_000 if not self._left else 0)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.state is TaskState.RUNNING:
            self._to_come -= 1
            if not self._to_come:
                self.all_run.set()
        elif update.state is TaskState.DROPPED:
            # Its leader was gone before it had decided: launch it again.
            self._left[int(update.task_id.removeprefix("sleep-"))] = None
            self._placed[self._agent_of[update.task_id]] -= 1


def _sleeper(number: int) -> TaskInfo:
    return command_task(f"sleep-{number}", ["/bin/sleep", "600"], cpus=_CPUS, mem_mib=32)


@dataclass(frozen=True, slots=True)
class AtRest:
    """Of one kind of process: the most that any of them takes.

    Attributes:
        cpu_share: of one core.
    """

    kind: str
    tasks: int
    memory_mib: float
    cpu_share: float


@dataclass(frozen=True, slots=True)
class ToRunning:
    after_rest_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Found:
    to_running: list[ToRunning]
    at_rest: list[AtRest]


async def bench(one_by_one: int, sleeping: int, idle_s: float) -> Found:
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-"))
    try:
        cluster = await bring_up(folder, masters=3, agents=AGENTS, resources=RESOURCES)
        to_running = [await _to_running(cluster, one_by_one, rest_s) for rest_s in RESTS_S]
        at_rest = await _at_rest(cluster, 0, idle_s)
        sleepers = Sleeping(sleeping, AGENTS)
        driver = SchedulerDriver(sleepers, "sleeping", cluster.master_addresses)
        running = asyncio.create_task(driver.run())
        await sleepers.all_run.wait()
        at_rest += await _at_rest(cluster, sleeping, idle_s)
        driver.stop()
        await running
        return Found(to_running, at_rest)
    finally:
        await asyncio.to_thread(bring_down, folder)
        shutil.rmtree(folder, ignore_errors=True)


async def _to_running(cluster: ClusterFile, count: int, rest_s: float) -> ToRunning:
    latencies = OneByOne(count, rest_s)
    await SchedulerDriver(latencies, "one-by-one", cluster.master_addresses).run()
    ordered = sorted(latencies.to_running_s)
    p99_s = ordered[len(ordered) * 99 // 100]
    return ToRunning(rest_s * 1000, statistics.median(ordered) * 1000, p99_s * 1000)


async def _at_rest(cluster: ClusterFile, tasks: int, seconds: float) -> list[AtRest]:
    pids = {
        "master": [m.process.pid for m in cluster.masters if m.process is not None],
        "agent": agents_of(cluster),
        "launcher": [mark.pid for mark in launchers_under(cluster.folder)],
    }
    await asyncio.sleep(3)
    before = {pid: cpu_s(pid) for group in pids.values() for pid in group}
    await asyncio.sleep(seconds)
    return [
        AtRest(
            kind,
            tasks,
            round(max(map(rss_mib, group)), 1),
            round(max(cpu_s(pid) - before[pid] for pid in group) / seconds, 4),
        )
        for kind, group in pids.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--one-by-one", type=int, default=200)
    parser.add_argument("--sleeping", type=int, default=500)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(bench(options.one_by_one, options.sleeping, options.idle_seconds))
    if options.json:
        print(json.dumps(asdict(found)))
        return
    print("three masters and two agents on one machine")
    for each in found.to_running:
        print(
            f"  from launch to RUNNING, one task at a time, {each.after_rest_ms:.0f} ms after the "
            f"last has ended: p50 {each.p50_ms:.1f} ms, p99 {each.p99_ms:.1f} ms"
        )
    for rest in found.at_rest:
        print(
            f"  {rest.tasks:4} tasks asleep on each: {rest.kind:8} {rest.memory_mib:6.1f} MiB, "
            f"{rest.cpu_share:.1%} of a core"
        )


if __name__ == "__main__":
    main()
