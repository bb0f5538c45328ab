"""The framework of a drill: launches each task once, then only looks at what becomes of them."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trimast.cli.drilling.task_ledger import SCRIPT
from trimast.framework import (
    NEVER_RAN,
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskInfo,
    TaskState,
    command_task,
)

HOUR_MS: Final = 3_600_000


class Holder(Scheduler):
    """
    Attributes:
        ended: what the masters said ended: task and state.
        running: tasks that the masters said are running.
    """

    def __init__(self, count: int, ledger: Path) -> None:
        self.names = [f"drill-{number}" for number in range(count)]
        self.ended: dict[str, str] = {}
        self.running: set[str] = set()
        self._ledger = ledger
        self._waiting = list(self.names)
        self._all_running = asyncio.Event()
        self._offer_came = asyncio.Event()
        self._offer_s = 0.0
        self._is_new_leader = True

    async def all_running(self) -> None:
        await self._all_running.wait()

    def expect_offer(self) -> None:
        """From now on, only an offer of another leader counts."""
        self._is_new_leader = False
        self._offer_came.clear()

    async def offer_came(self) -> float:
        """When the first one came, on the monotonic clock, in seconds."""
        await self._offer_came.wait()
        return self._offer_s

    def resubscribed(self, driver: SchedulerDriver) -> None:
        self._is_new_leader = True

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        if self._is_new_leader and not self._offer_came.is_set():
            self._offer_s = time.monotonic()
            self._offer_came.set()
        # Spread: as many on each agent, so that every agent has something to lose.
        share = -(-len(self._waiting) // len(offers))
        for offer in offers:
            left, tasks = offer.resources, list[TaskInfo]()
            while self._waiting and len(tasks) < share:
                task = command_task(
                    self._waiting[0],
                    SCRIPT,
                    cpus=0.01,
                    mem_mib=8,
                    environment={
                        "TASK_NAME": self._waiting[0],
                        "TASK_LEDGER": str(self._ledger),
                    },
                )
                if not left.covers(task.resources):
                    break
                left -= task.resources
                tasks.append(task)
                self._waiting.pop(0)
            refuse_ms = 1_000 if self._waiting else HOUR_MS
            if tasks:
                driver.launch(offer, tasks, refuse_ms=refuse_ms)
            else:
                driver.decline(offer, refuse_ms=refuse_ms)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.state in NEVER_RAN and not self._all_running.is_set():
            self._waiting.append(update.task_id)
            driver.revive()
        elif update.state.is_terminal or update.state is TaskState.UNKNOWN:
            self.ended[update.task_id] = f"{update.state.value} {update.message}"
        elif update.state is TaskState.RUNNING:
            self.running.add(update.task_id)
            if len(self.running) == len(self.names):
                self._all_running.set()
