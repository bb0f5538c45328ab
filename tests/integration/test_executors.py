"""A framework's own executor as a real process, and an agent that is killed in the middle."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, start_one
from trimast.examples.run_by_executor import ECHO
from trimast.framework import (
    AgentId,
    ExecutorId,
    FrameworkInfo,
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskState,
    executor_task,
)

WAIT_MAX_S = 30


class Waiting(Scheduler):
    """Two tasks that run until they are killed.

    Attributes:
        as_group: their executor hears of both at once.
    """

    def __init__(self, *, as_group: bool = False) -> None:
        self.as_group = as_group
        self.updates: list[StatusUpdate] = []
        self.heard: list[bytes] = []
        self.agent_id = AgentId("")
        self.is_launched = False
        self.changed = asyncio.Condition()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            if self.is_launched:
                driver.decline(offer)
            else:
                self.is_launched, self.agent_id = True, offer.agent_id
                tasks = [executor_task(n, ECHO, data=b"wait") for n in ("a", "b")]
                driver.launch(offer, tasks, group=ECHO if self.as_group else None)

    async def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        async with self.changed:
            self.updates.append(update)
            self.changed.notify_all()

    async def executor_message(
        self, driver: SchedulerDriver, agent_id: AgentId, executor_id: ExecutorId, data: bytes
    ) -> None:
        async with self.changed:
            self.heard.append(data)
            self.changed.notify_all()

    def states(self) -> dict[str, list[TaskState]]:
        found: dict[str, list[TaskState]] = {}
        for update in self.updates:
            found.setdefault(update.task_id, []).append(update.state)
        return found

    async def until(self, count: int) -> None:
        async with asyncio.timeout(WAIT_MAX_S), self.changed:
            await self.changed.wait_for(lambda: len(self.updates) >= count)


def executors_below(folder: Path) -> list[int]:
    place = str(folder)
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if "trimast.examples.echo_executor" in (process.info["cmdline"] or [])
        and process.cwd().startswith(place)
    ]


def test_an_executor_and_what_it_reports_outlive_the_agent(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=1, agents=1)
    scheduler = Waiting()

    async def main() -> None:
        framework = FrameworkInfo(name="waiting", checkpoint=True, failover_timeout_ms=60_000)
        async with SchedulerDriver(scheduler, framework, cluster.master_addresses) as driver:
            await scheduler.until(2)
            before = executors_below(tmp_path)
            assert len(before) == 1
            kill_member(cluster, "a1")
            driver.kill("a")
            start_one(cluster_in(cluster.folder), "a1")
            await scheduler.until(3)
            assert executors_below(tmp_path) == before
            async with asyncio.timeout(WAIT_MAX_S), scheduler.changed:
                driver.send_message(scheduler.agent_id, "echo", b"hi")
                await scheduler.changed.wait_for(lambda: b"echo of hi" in scheduler.heard)
            os.kill(before[0], signal.SIGKILL)
            await scheduler.until(4)

    asyncio.run(main())
    assert scheduler.states() == {
        "a": [TaskState.RUNNING, TaskState.KILLED],
        "b": [TaskState.RUNNING, TaskState.FAILED],
    }


def test_a_group_of_an_executor_runs_and_one_may_end_without_the_other(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=1, agents=1)
    scheduler = Waiting(as_group=True)

    async def main() -> None:
        async with SchedulerDriver(scheduler, "group", cluster.master_addresses) as driver:
            await scheduler.until(2)
            assert len(executors_below(tmp_path)) == 1
            driver.kill("a")
            await scheduler.until(3)

    asyncio.run(main())
    assert scheduler.states() == {
        "a": [TaskState.RUNNING, TaskState.KILLED],
        "b": [TaskState.RUNNING],
    }
