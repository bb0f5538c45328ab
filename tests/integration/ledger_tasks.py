"""A framework that keeps launching short tasks; each writes down its own start and end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.framework import (
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskInfo,
    TaskState,
    command_task,
)

SCRIPT = (
    'echo "start $NAME" >> "$LEDGER"; sleep $LASTS_S; echo "end $NAME" >> "$LEDGER"; exit $CODE'
)
AT_ONCE_MAX = 20
FOR_EVER = "3600"


@dataclass(slots=True)
class Run:
    """
    Attributes:
        code: with which the task ends; None for one that is killed instead.
        updates: as they came, each once.
    """

    code: int | None
    updates: list[StatusUpdate] = field(default_factory=list)

    @property
    def end(self) -> StatusUpdate | None:
        return next((update for update in self.updates if update.state.is_terminal), None)


class Writer(Scheduler):
    """
    Attributes:
        runs: every task that was launched, by name.
        is_enough: no more of them are launched.
    """

    def __init__(self, ledger: Path, random: Random, *, lasts_s: float = 0.4) -> None:
        self.runs: dict[str, Run] = {}
        self.is_enough = False
        self._ledger = ledger
        self._random = random
        self._lasts_s = lasts_s
        self._changed = asyncio.Event()

    @property
    def going(self) -> set[str]:
        return {name for name, run in self.runs.items() if run.end is None}

    async def until_over(self) -> None:
        """Every task has ended."""
        while self.going:
            self._changed.clear()
            await self._changed.wait()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            free = 0 if self.is_enough else AT_ONCE_MAX - len(self.going)
            tasks = [self._next_task() for _ in range(free)]
            if tasks:
                driver.launch(offer, tasks, refuse_ms=100)
            else:
                driver.decline(offer, refuse_ms=100)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        run = self.runs[update.task_id]
        is_new = update.uuid not in {seen.uuid for seen in run.updates}
        # What has no uuid is a master's own: of tasks that never came to an agent.
        if is_new and (update.uuid or update.state is TaskState.DROPPED):
            run.updates.append(update)
        if update.state is TaskState.RUNNING and run.code is None:
            driver.kill(update.task_id)
        self._changed.set()

    def _next_task(self) -> TaskInfo:
        name = f"w{len(self.runs)}"
        code = self._random.choice([0, 0, 0, 1, 7, None])
        self.runs[name] = Run(code)
        lasts_s = self._random.uniform(0, self._lasts_s)
        variables = {
            "NAME": name,
            "LEDGER": str(self._ledger),
            "CODE": str(code or 0),
            "LASTS_S": FOR_EVER if code is None else f"{lasts_s:.3f}",
        }
        return command_task(name, SCRIPT, cpus=0.01, mem_mib=8, environment=variables)


def ledger_of(path: Path) -> dict[str, list[str]]:
    """By task, what it did."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        what, name = line.split()
        found.setdefault(name, []).append(what)
    return found


def driver_for(writer: Writer, cluster: ClusterFile) -> SchedulerDriver:
    return SchedulerDriver(writer, "writer", cluster.master_addresses)
