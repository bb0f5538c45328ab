"""A group as real processes: they share a directory, and one takes the others with it."""

import asyncio
from collections.abc import Sequence

from tests.integration.conftest import StartCluster
from tests.integration.test_watched_tasks import Recorder
from trimast.framework import FrameworkInfo, Offer, SchedulerDriver, TaskState, command_task


class Together(Recorder):
    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            if self.is_launched:
                driver.decline(offer)
            else:
                self.is_launched = True
                driver.launch(offer, self.tasks, group="pair")


def test_they_share_a_directory_and_their_fate(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    scheduler = Together(
        [
            command_task("gives", "echo hi > group/word; sleep 1000"),
            command_task("takes", "until grep -q hi group/word; do sleep 0.1; done; exit 3"),
        ]
    )

    async def main() -> None:
        framework = FrameworkInfo(name="pair", checkpoint=True)
        async with SchedulerDriver(scheduler, framework, cluster.master_addresses):
            await scheduler.until(TaskState.FAILED, "takes")
            await scheduler.until(TaskState.KILLED, "gives")

    asyncio.run(main())
    assert scheduler.updates["takes"][-1].exit_code == 3
    assert scheduler.updates["gives"][-1].executor_id == "pair"
