"""The framework of the demonstration: one process a package, each counted once."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from trimast.cli.demonstrating.library import Package
from trimast.examples import count_words
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

CPUS_A_TASK = 0.5


class WordCount(Scheduler):
    """
    Args:
        on_change: called after every change of a task.

    Attributes:
        running, finished, failed: names of packages.
        subscribed_s, offer_s, launch_s: when the next leader welcomed us, made its first offer,
            and the first task launched on such an offer ran; monotonic.
    """

    def __init__(
        self, packages: Sequence[Package], ledger: Path, on_change: Callable[[], None]
    ) -> None:
        self._tasks = {package.name: _task(package, ledger) for package in packages}
        self._waiting = deque(self._tasks)
        self._on_change = on_change
        self.running: set[str] = set()
        self.finished: set[str] = set()
        self.failed: dict[str, str] = {}
        self.subscribed_s: float | None = None
        self.offer_s: float | None = None
        self.launch_s: float | None = None
        self._is_led = True
        self._new: set[str] = set()

    @property
    def total(self) -> int:
        return len(self._tasks)

    @property
    def is_over(self) -> bool:
        return len(self.finished) + len(self.failed) == self.total

    def await_next_leader(self) -> None:
        """The leader is being killed: times count from here, and only the next one's count."""
        self._is_led = False
        self.subscribed_s = self.offer_s = self.launch_s = None
        self._new.clear()

    def disconnected(self, driver: SchedulerDriver) -> None:
        self._on_change()

    def resubscribed(self, driver: SchedulerDriver) -> None:
        self._is_led = True
        self.subscribed_s = time.monotonic()
        self._on_change()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        if self._is_led and self.offer_s is None:
            self.offer_s = time.monotonic()
        for offer in offers:
            placed = self._placed_on(offer)
            if placed:
                driver.launch(offer, placed, refuse_ms=0)
            else:
                driver.decline(offer, refuse_ms=1_000)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        name = update.task_id
        if update.state is TaskState.RUNNING:
            self.running.add(name)
            if self.launch_s is None and name in self._new:
                self.launch_s = time.monotonic()
        elif update.state in NEVER_RAN:
            self._waiting.append(name)  # Its launch was lost with a leader, for certain.
            driver.revive()
        elif update.state.is_terminal:
            self.running.discard(name)
            if update.state is TaskState.FINISHED:
                self.finished.add(name)
            else:
                self.failed[name] = f"{update.state.value}: {update.message}"
        self._on_change()
        if self.is_over:
            driver.stop()

    def _placed_on(self, offer: Offer) -> list[TaskInfo]:
        left, placed = offer.resources, list[TaskInfo]()
        while self._waiting and left.covers(self._tasks[self._waiting[0]].resources):
            task = self._tasks[self._waiting.popleft()]
            left -= task.resources
            placed.append(task)
            if self._is_led:
                self._new.add(task.task_id)
        return placed


def _task(package: Package, ledger: Path) -> TaskInfo:
    program = str(Path(count_words.__file__))
    # -I -S: the counting needs nothing but the standard library, and starts faster so.
    command = [sys.executable, "-I", "-S", program, str(package.directory), str(ledger)]
    return command_task(package.name, [*command, package.name], cpus=CPUS_A_TASK, mem_mib=32)


async def until(holds: Callable[[], bool], changed: asyncio.Event) -> None:
    while not holds():
        changed.clear()
        await changed.wait()
