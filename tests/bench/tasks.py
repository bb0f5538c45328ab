"""Tasks a second through the whole system, beside `xargs -P2`, and HyperQueue if it is installed.

python -m tests.bench.tasks [--count 2000] [--rounds 3] [--json]
"""

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench import hyperqueue
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up
from trimast.framework import Offer, Scheduler, SchedulerDriver, StatusUpdate, command_task

COMMAND = ["/bin/true"]
RESOURCES = "cpus:2;mem:4096;disk:1024"
CPUS_A_TASK = 0.05
"""So small that the machine, and not what is offered of it, is the limit."""


class AsFastAsOffered(Scheduler):
    def __init__(self, count: int) -> None:
        self._waiting = deque(
            command_task(f"true-{number}", COMMAND, cpus=CPUS_A_TASK, mem_mib=1)
            for number in range(count)
        )
        self.left = count
        self.ends: dict[str, int] = {}

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            left, placed = offer.resources, []
            while self._waiting and left.covers(self._waiting[0].resources):
                placed.append(self._waiting.popleft())
                left -= placed[-1].resources
            if placed:
                driver.launch(offer, placed, refuse_ms=0)
            else:
                driver.decline(offer)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.state.is_terminal:
            self.ends[update.state.value] = self.ends.get(update.state.value, 0) + 1
            self.left -= 1
            if not self.left:
                driver.stop()


@dataclass(frozen=True, slots=True)
class Round:
    """
    Attributes:
        cpu_ms: of all masters, and of all agents without their tasks, for each task.
    """

    trimast_s: float
    xargs_s: float
    hyperqueue_s: float | None
    masters_cpu_ms: float
    agents_cpu_ms: float
    ends: dict[str, int]


def xargs_s(count: int) -> float:
    numbers = "\n".join(map(str, range(count)))
    began_s = time.perf_counter()
    subprocess.run(["xargs", "-P2", "-n1", *COMMAND], input=numbers, text=True, check=True)
    return time.perf_counter() - began_s


async def one_round(cluster: ClusterFile, count: int) -> Round:
    before = _cpu_s(cluster)
    scheduler = AsFastAsOffered(count)
    driver = SchedulerDriver(scheduler, "bench", cluster.master_addresses)
    began_s = time.perf_counter()
    await driver.run()
    trimast_s = time.perf_counter() - began_s
    masters_s, agents_s = (now - then for now, then in zip(_cpu_s(cluster), before, strict=True))
    masters_ms, agents_ms = masters_s * 1000 / count, agents_s * 1000 / count
    peer_s = hyperqueue.tasks_s(COMMAND, count) if hyperqueue.is_installed() else None
    return Round(trimast_s, xargs_s(count), peer_s, masters_ms, agents_ms, scheduler.ends)


def _cpu_s(cluster: ClusterFile) -> tuple[float, float]:
    def spent_s(pids: Sequence[int]) -> float:
        times = [psutil.Process(pid).cpu_times() for pid in pids]
        return sum(each.user + each.system for each in times)

    masters = [m.process.pid for m in cluster.masters if m.process is not None]
    agents = [a.process.pid for a in cluster.agents if a.process is not None]
    return spent_s(masters), spent_s(agents)


async def bench(count: int, rounds: int) -> list[Round]:
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-"))
    try:
        cluster = await bring_up(folder, masters=3, agents=3, resources=RESOURCES)
        await one_round(cluster, max(50, count // 10))  # Warm.
        return [await one_round(cluster, count) for _ in range(rounds)]
    finally:
        await asyncio.to_thread(bring_down, folder)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = asyncio.run(bench(options.count, options.rounds))
    rates = [options.count / each.trimast_s for each in rounds]
    peers = [options.count / each.xargs_s for each in rounds]
    summary = {
        "command": COMMAND,
        "count": options.count,
        "trimast_tasks_per_s": [round(rate, 1) for rate in rates],
        "xargs_tasks_per_s": [round(rate, 1) for rate in peers],
        "hyperqueue_tasks_per_s": [
            round(options.count / r.hyperqueue_s, 1) for r in rounds if r.hyperqueue_s
        ],
        "ratio_median": round(
            statistics.median(a / b for a, b in zip(rates, peers, strict=True)), 3
        ),
        "masters_cpu_ms_per_task": round(statistics.median(r.masters_cpu_ms for r in rounds), 3),
        "agents_cpu_ms_per_task": round(statistics.median(r.agents_cpu_ms for r in rounds), 3),
        "ends": rounds[-1].ends,
    }
    if options.json:
        print(json.dumps(summary))
        return
    print(f"tasks: {options.count} times {' '.join(COMMAND)}, 3 masters, 3 agents, one machine")
    for rate, peer, each in zip(rates, peers, rounds, strict=True):
        print(f"  {rate:7.0f} tasks/s   xargs -P2 {peer:7.0f}/s   ratio {rate / peer:.3f}", end="")
        if each.hyperqueue_s is None:
            print("   (no HyperQueue: make bench-setup)")
        else:
            beside = options.count / each.hyperqueue_s
            print(f"   HyperQueue {beside:7.0f}/s   ratio {rate / beside:.2f}")
    print(f"  CPU a task: masters {summary['masters_cpu_ms_per_task']} ms, ", end="")
    print(f"agents {summary['agents_cpu_ms_per_task']} ms; ends: {summary['ends']}")


if __name__ == "__main__":
    main()
