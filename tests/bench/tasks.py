"""Tasks a second through the whole system, beside `xargs -P2`, and HyperQueue if it is installed.

python -m tests.bench.tasks [--count 2000] [--rounds 3] [--seconds 60] [--json]

Three masters and two agents with cgroups on one machine: from the launch until FINISHED is
committed, reported and acknowledged. With `--seconds`, each round goes on for so long. What each
process spends for a task is told as well: unlike the rate, it hardly depends on what else the
machine has to do.
"""

import argparse
import asyncio
import itertools
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import hyperqueue
from tests.bench.processes import isolation_of, spent
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up
from trimast.framework import (
    NEVER_RAN,
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskInfo,
    command_task,
)

COMMAND = ["/bin/true"]
RESOURCES = "cpus:2;mem:4096;disk:1024"
CPUS_A_TASK = 0.05
"""So small that the machine, and not what is offered of it, is the limit."""
WARM_COUNT = 300
PEERS_COUNT = 3_000
"""What the peers are given to do in a round that goes on for some time."""


class AsFastAsOffered(Scheduler):
    """
    Args:
        count: of tasks; None for as many as there is time for.
        seconds: no task is launched after so long.
    """

    def __init__(self, count: int | None, seconds: float | None = None) -> None:
        self._tasks = _tasks(count)
        self._next = next(self._tasks, None)
        self._until_s = None if seconds is None else time.perf_counter() + seconds
        self._running = 0
        self.ends: Counter[str] = Counter()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            left, placed = offer.resources, []
            while self._is_more and self._next and left.covers(self._next.resources):
                placed.append(self._next)
                left -= self._next.resources
                self._next = next(self._tasks, None)
            self._running += len(placed)
            if placed:
                driver.launch(offer, placed, refuse_ms=0)
            else:
                driver.decline(offer)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        # Launches that are lost with their leader end as well: nobody knows of them.
        if update.state.is_terminal or update.state in NEVER_RAN:
            self.ends[update.state.value] += 1
            self._running -= 1
            if not self._running and not self._is_more:
                driver.stop()

    @property
    def _is_more(self) -> bool:
        is_time = self._until_s is None or time.perf_counter() < self._until_s
        return is_time and self._next is not None


def _tasks(count: int | None) -> Iterator[TaskInfo]:
    numbers = itertools.count() if count is None else range(count)
    for number in numbers:
        yield command_task(f"true-{number}", COMMAND, cpus=CPUS_A_TASK, mem_mib=1)


@dataclass(frozen=True, slots=True)
class Round:
    """Rates are tasks a second.

    Attributes:
        cpu_ms: of each kind of process, for each task.
    """

    trimast: float
    xargs: float
    hyperqueue: float | None
    cpu_ms: dict[str, float]
    ends: dict[str, int]


def xargs_s(count: int) -> float:
    numbers = "\n".join(map(str, range(count)))
    began_s = time.perf_counter()
    subprocess.run(["xargs", "-P2", "-n1", *COMMAND], input=numbers, text=True, check=True)
    return time.perf_counter() - began_s


async def one_round(cluster: ClusterFile, count: int, seconds: float | None) -> Round:
    before = spent(cluster)
    scheduler = AsFastAsOffered(None if seconds else count, seconds)
    began_s = time.perf_counter()
    await SchedulerDriver(scheduler, "bench", cluster.master_addresses).run()
    took_s = time.perf_counter() - began_s
    done = scheduler.ends.total()
    cpu_ms = {kind: s * 1000 / done for kind, s in spent(cluster).since(before).items()}
    to_compare = PEERS_COUNT if seconds else count
    peer_s = hyperqueue.tasks_s(COMMAND, to_compare) if hyperqueue.is_installed() else None
    return Round(
        done / took_s,
        to_compare / xargs_s(to_compare),
        None if peer_s is None else to_compare / peer_s,
        cpu_ms,
        dict(scheduler.ends),
    )


async def bench(count: int, rounds: int, seconds: float | None) -> tuple[str, list[Round]]:
    """How tasks were held, and what was found."""
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-"))
    try:
        cluster = await bring_up(folder, masters=3, agents=2, resources=RESOURCES)
        await SchedulerDriver(AsFastAsOffered(WARM_COUNT), "warm", cluster.master_addresses).run()
        isolation = await asyncio.to_thread(isolation_of, cluster)
        return isolation, [await one_round(cluster, count, seconds) for _ in range(rounds)]
    finally:
        await asyncio.to_thread(bring_down, folder)
        shutil.rmtree(folder, ignore_errors=True)


def summary_of(isolation: str, rounds: list[Round]) -> dict[str, Any]:
    median = statistics.median
    peers = [each.trimast / each.hyperqueue for each in rounds if each.hyperqueue]
    return {
        "command": COMMAND,
        "isolation": isolation,
        "trimast_tasks_per_s": [round(each.trimast, 1) for each in rounds],
        "xargs_tasks_per_s": [round(each.xargs, 1) for each in rounds],
        "hyperqueue_tasks_per_s": [round(r.hyperqueue, 1) for r in rounds if r.hyperqueue],
        "ratio_to_xargs_median": round(median(r.trimast / r.xargs for r in rounds), 3),
        "ratio_to_hyperqueue_median": round(median(peers), 2) if peers else None,
        "cpu_ms_per_task": {
            kind: round(median(each.cpu_ms[kind] for each in rounds), 3)
            for kind in rounds[0].cpu_ms
        },
        "ends": rounds[-1].ends,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    isolation, rounds = asyncio.run(bench(options.count, options.rounds, options.seconds))
    summary = summary_of(isolation, rounds)
    if options.json:
        print(json.dumps(summary))
        return
    amount = f"{options.seconds:g} s of it" if options.seconds else f"{options.count} times"
    print(f"tasks: {' '.join(COMMAND)}, {amount}, 3 masters, 2 agents, isolation {isolation}")
    for each in rounds:
        print(f"  {each.trimast:7.0f} tasks/s   xargs -P2 {each.xargs:7.0f}/s", end="")
        print(f"   ratio {each.trimast / each.xargs:.3f}", end="")
        if each.hyperqueue is None:
            print("   (no HyperQueue: make bench-setup)")
        else:
            ratio = each.trimast / each.hyperqueue
            print(f"   HyperQueue {each.hyperqueue:7.0f}/s   ratio {ratio:.2f}")
    of_kinds = ", ".join(f"{kind} {ms:.2f}" for kind, ms in summary["cpu_ms_per_task"].items())
    total_ms = sum(summary["cpu_ms_per_task"].values())
    print(f"  CPU a task, ms: {of_kinds}; together {total_ms:.2f}; ends: {summary['ends']}")


if __name__ == "__main__":
    main()
