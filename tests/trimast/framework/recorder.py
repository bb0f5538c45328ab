"""A scheduler that writes down what it is told, and how to bring one into a story."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from tests.trimast.framework.fake_master import (
    WAIT_S,
    FakeMaster,
    FakeStream,
)
from trimast.framework import (
    AgentId,
    DriverSettings,
    FrameworkId,
    Offer,
    OfferId,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    command_task,
)

QUICK = DriverSettings(reconcile_first_ms=20, reconcile_most_ms=40)


class Recorder(Scheduler):
    """Writes down what it is told; a test adds what to do about it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.offered: list[Offer] = []
        self.on_update: Callable[[SchedulerDriver, StatusUpdate], None] = lambda *_: None
        self._changed = asyncio.Event()

    async def hears(self, *lines: str) -> None:
        """Wait until each of `lines` has been told."""
        async with asyncio.timeout(WAIT_S):
            while not set(lines) <= set(self.told):
                self._changed.clear()
                await self._changed.wait()

    def _tell(self, line: str) -> None:
        self.told.append(line)
        self._changed.set()

    def subscribed(self, driver: SchedulerDriver, framework_id: FrameworkId) -> None:
        self._tell(f"subscribed {framework_id}")

    def resubscribed(self, driver: SchedulerDriver) -> None:
        self._tell("resubscribed")

    def disconnected(self, driver: SchedulerDriver) -> None:
        self._tell("disconnected")

    async def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        self.offered += offers
        for offer in offers:
            self._tell(f"offer {offer.offer_id}")

    def rescinded(self, driver: SchedulerDriver, offer_id: OfferId) -> None:
        self._tell(f"rescinded {offer_id}")

    async def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.on_update(driver, update)
        self._tell(f"{update.task_id} {update.state}")

    def agent_lost(self, driver: SchedulerDriver, agent_id: AgentId) -> None:
        self._tell(f"lost {agent_id}")

    def error(self, driver: SchedulerDriver, message: str) -> None:
        self._tell(f"error {message}")


def driver_of(scheduler: Scheduler, *masters: FakeMaster, **more: object) -> SchedulerDriver:
    return SchedulerDriver(
        scheduler,
        "test",
        [master.address for master in masters],
        settings=QUICK,
        random=Random(1),
        acknowledge=bool(more.get("acknowledge", True)),
    )


async def subscribe(master: FakeMaster) -> FakeStream:
    stream = await master.stream()
    await stream.next(Call.SUBSCRIBE)
    stream.subscribed()
    return stream


async def launch_one(
    driver: SchedulerDriver, scheduler: Recorder, stream: FakeStream, task: str = "t1"
) -> None:
    offer = f"for-{task}-{len(scheduler.offered)}"
    stream.offer(offer)
    await scheduler.hears(f"offer {offer}")
    driver.launch(scheduler.offered[-1], [command_task(task, "true")])
    await stream.next(Call.ACCEPT)


async def wait_in(driver: SchedulerDriver) -> None:
    async with driver:
        await driver.stopped()
