"""Checks and time limits with real processes, and an agent that is killed in the middle."""

import asyncio
from collections.abc import Sequence

from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, start_one
from trimast.framework import (
    Check,
    CheckResult,
    CommandInfo,
    FrameworkInfo,
    HealthCheck,
    Offer,
    Probe,
    ProbeKind,
    Scheduler,
    SchedulerDriver,
    StatusReason,
    StatusUpdate,
    TaskInfo,
    TaskState,
    command_task,
)

WAIT_MAX_S = 40


class Recorder(Scheduler):
    def __init__(self, tasks: list[TaskInfo]) -> None:
        self.tasks = tasks
        self.updates: dict[str, list[StatusUpdate]] = {task.task_id: [] for task in tasks}
        self.is_launched = False
        self.changed = asyncio.Condition()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            if self.is_launched:
                driver.decline(offer)
            else:
                self.is_launched = True
                driver.launch(offer, self.tasks)

    async def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        async with self.changed:
            self.updates[update.task_id].append(update)
            self.changed.notify_all()

    async def until(self, state: TaskState, *names: str) -> None:
        def is_there() -> bool:
            return all(any(u.state is state for u in self.updates[name]) for name in names)

        async with asyncio.timeout(WAIT_MAX_S), self.changed:
            await self.changed.wait_for(is_there)


def probe(line: str) -> Check:
    command = Probe(ProbeKind.COMMAND, CommandInfo(line))
    return Check(command, delay_ms=0, interval_ms=100, timeout_ms=5_000)


def test_tasks_are_watched_across_the_death_of_their_agent(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    ill = HealthCheck(probe("test ! -e ill"), failures_max=2, grace_ms=0)
    scheduler = Recorder(
        [
            command_task("ill", "sleep 4; touch ill; sleep 1000", health_check=ill),
            command_task("long", "sleep 1000", max_completion_ms=4_000),
            command_task("checked", "sleep 1000", check=probe("exit 7")),
        ]
    )

    async def main() -> None:
        framework = FrameworkInfo(name="watched", checkpoint=True, failover_timeout_ms=60_000)
        async with SchedulerDriver(scheduler, framework, cluster.master_addresses):
            await scheduler.until(TaskState.RUNNING, "ill", "long", "checked")
            kill_member(cluster, "a1")
            start_one(cluster_in(cluster.folder), "a1")
            await scheduler.until(TaskState.KILLED, "ill")
            await scheduler.until(TaskState.FAILED, "long")
            async with asyncio.timeout(WAIT_MAX_S), scheduler.changed:
                seven = CheckResult(ProbeKind.COMMAND, exit_code=7)
                await scheduler.changed.wait_for(
                    lambda: scheduler.updates["checked"][-1].check == seven
                )

    asyncio.run(main())
    assert [update.healthy for update in scheduler.updates["ill"]][-3:] == [True, False, False]
    assert scheduler.updates["long"][-1].reason is StatusReason.MAX_COMPLETION_TIME_REACHED
