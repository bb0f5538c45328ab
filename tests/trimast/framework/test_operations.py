"""A scheduler hears how its operations went, over breaks too."""

import asyncio

from protos.mesos.v1.scheduler.scheduler_pb2 import Call, Event
from tests.trimast.framework.fake_master import AGENT, FRAMEWORK, FakeMaster, FakeStream, run
from trimast.edge.wire.operation_update_codec import operation_update_to_proto
from trimast.framework import (
    Offer,
    OperationId,
    OperationState,
    OperationUpdate,
    Scheduler,
    SchedulerDriver,
    reserve,
    tracked,
)

OPERATION = OperationId("op-1")
RESERVE = tracked(reserve("db", cpus=1), OPERATION)
FINISHED = OperationUpdate(FRAMEWORK, OPERATION, AGENT, OperationState.FINISHED, uuid=b"u" * 16)
UNKNOWN_OTHER = OperationUpdate(FRAMEWORK, OperationId("other"), AGENT, OperationState.UNKNOWN)
UNKNOWN = OperationUpdate(FRAMEWORK, OPERATION, AGENT, OperationState.UNKNOWN)


class Reserving(Scheduler):
    """Reserves on every offer, and notes what it hears of that."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[OperationUpdate] = asyncio.Queue()
        self.offered: list[Offer] = []

    def offers(self, driver: SchedulerDriver, offers: object) -> None:
        self.offered += offers  # type: ignore[arg-type]
        driver.launch(self.offered[-1], [], operations=[RESERVE])

    def operation_update(self, driver: SchedulerDriver, update: OperationUpdate) -> None:
        self.heard.put_nowait(update)

    async def hears(self) -> OperationUpdate:
        async with asyncio.timeout(5):
            return await self.heard.get()


def a_driver(scheduler: Scheduler, master: FakeMaster) -> SchedulerDriver:
    return SchedulerDriver(scheduler, "f", master.address)


def tell(stream: FakeStream, update: OperationUpdate) -> None:
    event = Event(type=Event.UPDATE_OPERATION_STATUS)
    event.update_operation_status.status.CopyFrom(operation_update_to_proto(update))
    stream._events.put_nowait(event)


async def begun(master: FakeMaster) -> FakeStream:
    stream = await master.stream()
    stream.subscribed()
    stream.offer("o1")
    [operation] = (await stream.next(Call.ACCEPT)).accept.operations
    assert operation.id.value == OPERATION
    return stream


def test_news_are_told_once_and_acknowledged_each_time() -> None:
    async def story() -> None:
        scheduler = Reserving()
        async with FakeMaster() as master, a_driver(scheduler, master):
            stream = await begun(master)
            for _ in range(2):
                tell(stream, FINISHED)
                call = await stream.next(Call.ACKNOWLEDGE_OPERATION_STATUS)
                told = call.acknowledge_operation_status
                assert (told.operation_id.value, told.uuid) == (OPERATION, FINISHED.uuid)
                assert told.agent_id.value == AGENT
            assert await scheduler.hears() == FINISHED
            assert scheduler.heard.empty()

    run(story())


def test_who_acknowledges_itself_is_left_to_it() -> None:
    async def story() -> None:
        scheduler = Reserving()
        async with (
            FakeMaster() as master,
            SchedulerDriver(scheduler, "f", master.address, acknowledge=False) as driver,
        ):
            stream = await begun(master)
            driver.reconcile_operations(["other"])
            await stream.next(Call.RECONCILE_OPERATIONS)
            tell(stream, FINISHED)
            update = await scheduler.hears()
            tell(stream, FINISHED)
            tell(stream, UNKNOWN_OTHER)  # It asked for that.
            await scheduler.hears()
            driver.revive()
            driver.acknowledge_operation(update)
            kinds = [(await stream.next_of_all()).type for _ in range(2)]
            assert kinds == [Call.REVIVE, Call.ACKNOWLEDGE_OPERATION_STATUS], "and not before"
            tell(stream, FINISHED)
            await stream.next(Call.ACKNOWLEDGE_OPERATION_STATUS)

    run(story())


def test_what_may_have_been_lost_with_a_leader_is_asked_of_the_next() -> None:
    async def story() -> None:
        scheduler = Reserving()
        async with FakeMaster() as master, a_driver(scheduler, master):
            (await begun(master)).end()
            stream = await master.stream()
            stream.subscribed()
            call = await stream.next(Call.RECONCILE_OPERATIONS)
            asked = [each.operation_id.value for each in call.reconcile_operations.operations]
            assert asked == [OPERATION]
            tell(stream, UNKNOWN)
            assert await scheduler.hears() == UNKNOWN

    run(story())


def test_on_an_offer_that_is_void_it_is_dropped_at_once() -> None:
    async def story() -> None:
        scheduler = Reserving()
        async with (
            FakeMaster() as master,
            SchedulerDriver(scheduler, "f", master.address) as driver,
        ):
            await begun(master)
            driver.launch(scheduler.offered[-1], [], operations=[RESERVE])
            update = await scheduler.hears()
            assert (update.operation_id, update.state) == (OPERATION, OperationState.DROPPED)

    run(story())


def test_questions_may_be_asked_at_any_time() -> None:
    async def story() -> None:
        scheduler = Reserving()
        async with (
            FakeMaster() as master,
            SchedulerDriver(scheduler, "f", master.address) as driver,
        ):
            stream = await begun(master)
            driver.reconcile_operations()
            call = await stream.next(Call.RECONCILE_OPERATIONS)
            assert not call.reconcile_operations.operations
            driver.reconcile_operations(["other"])
            call = await stream.next(Call.RECONCILE_OPERATIONS)
            assert call.reconcile_operations.operations[0].operation_id.value == "other"

    run(story())
