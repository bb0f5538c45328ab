"""The framework behind `trimast run`."""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from trimast.framework import (
    NEVER_RAN,
    FrameworkId,
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskInfo,
    TaskState,
    command_task,
)
from trimast.model.container import ContainerInfo, Network
from trimast.model.status_update import StatusReason

PATIENCE_S: Final = 5.0
"""After this long without a place for a task, the user is told why."""
HOUR_MS: Final = 3_600_000


class CommandRun(Scheduler):
    """
    Attributes:
        exit_code: of the whole run, once every task has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        *,
        name: str,
        cpus: float,
        mem_mib: float,
        network: Network = Network.HOST,
        as_json: bool,
    ) -> None:
        self.exit_code = 0
        self._as_json = as_json
        self._tasks = {
            f"{name}-{number}": command_task(
                f"{name}-{number}",
                list(command),
                cpus=cpus,
                mem_mib=mem_mib,
                environment={"TRIMAST_TASK_NUMBER": str(number)},
                container=ContainerInfo(network=network) if network is not Network.HOST else None,
            )
            for number in range(count)
        }
        self._waiting = deque(self._tasks.values())
        self._running: set[str] = set()
        self._began_s: dict[str, float] = {}
        self._largest: Offer | None = None
        self._hint: asyncio.TimerHandle | None = None

    def subscribed(self, driver: SchedulerDriver, framework_id: FrameworkId) -> None:
        self._say(f"framework {framework_id}: {len(self._tasks)} to run")
        self._hint = asyncio.get_running_loop().call_later(PATIENCE_S, self._explain)

    def disconnected(self, driver: SchedulerDriver) -> None:
        self._say("the leader is gone; the tasks run on")

    def resubscribed(self, driver: SchedulerDriver) -> None:
        self._say("another leader has taken over")

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            placed = self._placed_on(offer)
            if placed:
                driver.launch(offer, placed, refuse_ms=0)
            else:
                self._note(offer)
                # What is too small now may grow when another's task ends: look again soon.
                driver.decline(offer, refuse_ms=1_000 if self._waiting else HOUR_MS)
        if not self._waiting:
            driver.suppress()

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        task = self._tasks.get(update.task_id)
        if task is None or update.task_id not in self._running:
            return
        if update.state in NEVER_RAN:
            self._running.discard(update.task_id)
            self._waiting.append(task)
            driver.revive()
        elif update.state.is_terminal:
            self._running.discard(update.task_id)
            self._ended(driver, update)

    def _placed_on(self, offer: Offer) -> list[TaskInfo]:
        left, placed = offer.resources, list[TaskInfo]()
        while self._waiting and left.covers(self._waiting[0].resources):
            task = self._waiting.popleft()
            left -= task.resources
            self._running.add(task.task_id)
            self._began_s[task.task_id] = time.monotonic()
            placed.append(task)
        return placed

    def _ended(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.exit_code = self.exit_code or _exit_code(update)
        took_s = round(time.monotonic() - self._began_s[update.task_id], 3)
        if self._as_json:
            line = {
                "id": update.task_id,
                "state": update.state.value,
                "exit_code": update.exit_code,
                "signal": update.signal,
                "agent_id": update.agent_id,
                "message": update.message,
                "took_s": took_s,
            }
            print(json.dumps(line), flush=True)
        else:
            print(
                f"{update.task_id} {update.state.value} {_how(update)}({took_s:.2f} s)", flush=True
            )
        if not self._waiting and not self._running:
            if self._hint is not None:
                self._hint.cancel()
            driver.stop()

    def _note(self, offer: Offer) -> None:
        known = self._largest.resources.scalar_milli("cpus") if self._largest else -1
        if offer.resources.scalar_milli("cpus") > known:
            self._largest = offer

    def _explain(self) -> None:
        """Nothing is wrong for certain; but who waits should know for what."""
        if self._running or not self._waiting:
            return
        wanted = self._waiting[0].resources
        offered = f"at most {self._largest.resources}" if self._largest else "nothing"
        self._say(f"still waiting: a task wants {wanted}, and {offered} is offered")

    def _say(self, text: str) -> None:
        if not self._as_json:
            print(f"trimast: {text}", file=sys.stderr, flush=True)


def _exit_code(update: StatusUpdate) -> int:
    if update.state is TaskState.FINISHED:
        return 0
    if update.state is TaskState.FAILED and update.signal is not None:
        return 128 + update.signal
    return update.exit_code or 1


def _how(update: StatusUpdate) -> str:
    if update.reason is StatusReason.CONTAINER_LIMITATION_MEMORY:
        return f"({update.message}) "
    if update.exit_code is not None and update.exit_code != 0:
        return f"with exit code {update.exit_code} "
    if update.signal is not None:
        return f"by signal {update.signal} "
    return "" if update.state is TaskState.FINISHED else f"{update.message} "
