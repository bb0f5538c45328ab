"""The driver with one leader: what it tells, what it acknowledges, how it ends."""

import asyncio

import pytest

from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from tests.trimast.framework.fake_master import (
    FRAMEWORK,
    FakeMaster,
    an_update,
    run,
    uuid,
)
from tests.trimast.framework.recorder import (
    Recorder,
    driver_of,
    launch_one,
    subscribe,
    wait_in,
)
from trimast.edge.leader_finder import NoLeader
from trimast.framework import (
    DriverSettings,
    FrameworkRefused,
    SchedulerDriver,
    StatusReason,
    StatusUpdate,
    TaskState,
)


def test_any_master_leads_to_the_leader() -> None:
    async def story() -> None:
        async with FakeMaster("m1") as leader, FakeMaster("m2", leads=False) as follower:
            follower.peers = [leader]
            scheduler = Recorder()
            async with driver_of(scheduler, follower):
                call = await (await leader.stream()).next_of_all()
        info = call.subscribe.framework_info
        assert call.type == Call.SUBSCRIBE
        assert info.name == "test"
        assert info.failover_timeout == 600
        assert call.framework_id.value == info.id.value != ""

    run(story())


def test_an_update_that_comes_twice_is_told_once_and_acknowledged_twice() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                await launch_one(driver, scheduler, stream)
                for _ in range(2):
                    stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
                first = await stream.next(Call.ACKNOWLEDGE)
                second = await stream.next(Call.ACKNOWLEDGE)
        assert first == second
        assert first.acknowledge.uuid == uuid(1)
        assert scheduler.told.count("t1 running") == 1

    run(story())


def test_what_is_said_in_one_turn_goes_together_and_in_order() -> None:
    async def story() -> None:
        async with FakeMaster() as master, driver_of(Recorder(), master) as driver:
            stream = await subscribe(master)
            for number in range(50):
                driver.kill(f"t{number}")
            killed = [(await stream.next(Call.KILL)).kill.task_id.value for _ in range(50)]
        assert killed == [f"t{number}" for number in range(50)]
        assert max(stream.calls_together) >= 49

    run(story())


def test_an_update_is_acknowledged_only_after_the_callback() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            scheduler.on_update = lambda driver, _update: driver.suppress()
            async with driver_of(scheduler, master):
                stream = await subscribe(master)
                stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
                kinds = [(await stream.next_of_all()).type for _ in range(2)]
        assert kinds == [Call.SUPPRESS, Call.ACKNOWLEDGE]

    run(story())


def test_who_acknowledges_alone_is_not_acknowledged_for() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler, updates = Recorder(), list[StatusUpdate]()
            scheduler.on_update = lambda _driver, update: updates.append(update)
            async with driver_of(scheduler, master, acknowledge=False) as driver:
                stream = await subscribe(master)
                for number in (1, 1, 2):
                    stream.update(an_update("t1", TaskState.RUNNING, uuid(number)))
                await scheduler.hears("t1 running")
                driver.acknowledge(updates[0])
                stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
                calls = [await stream.next(Call.ACKNOWLEDGE) for _ in range(2)]
        assert [call.acknowledge.uuid for call in calls] == [uuid(1), uuid(1)]
        assert len(updates) == 2

    run(story())


def test_a_refusal_ends_the_driver_with_the_masters_words() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            running = asyncio.create_task(driver_of(scheduler, master).run())
            stream = await master.stream()
            stream.refuse("Framework has been removed")
            with pytest.raises(FrameworkRefused, match="Framework has been removed"):
                await running
        assert scheduler.told == ["error Framework has been removed"]

    run(story())


def test_without_a_leader_the_driver_gives_up_when_told_to() -> None:
    async def story() -> None:
        async with FakeMaster(leads=False) as master:
            settings = DriverSettings(leader_timeout_ms=50)
            driver = SchedulerDriver(Recorder(), "test", master.address, settings=settings)
            with pytest.raises(NoLeader, match="no master leads"):
                await driver.run()

    run(story())


def test_what_a_callback_raises_ends_the_driver() -> None:
    def fail(_driver: SchedulerDriver, _update: StatusUpdate) -> None:
        raise LookupError("mine")

    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            scheduler.on_update = fail
            running = asyncio.create_task(wait_in(driver_of(scheduler, master)))
            stream = await subscribe(master)
            stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
            with pytest.raises(LookupError, match="mine"):
                await running

    run(story())


def test_a_stopped_framework_is_torn_down_on_its_stream() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            driver = driver_of(scheduler := Recorder(), master)
            running = asyncio.create_task(driver.run())
            stream = await subscribe(master)
            await scheduler.hears(f"subscribed {FRAMEWORK}")
            driver.stop()
            await stream.next(Call.TEARDOWN)
            await running
            assert master.torn_down == []

    run(story())


def test_a_framework_that_stops_for_a_failover_is_not_torn_down() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            async with driver_of(scheduler := Recorder(), master) as driver:
                stream = await subscribe(master)
                await launch_one(driver, scheduler, stream)
                stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
                await scheduler.hears("t1 running")
                driver.stop(failover=True)
            await stream.closed.wait()
            assert (await stream.next_of_all()).type == Call.ACKNOWLEDGE
            assert master.torn_down == []

    run(story())


def test_a_task_that_a_master_refuses_ends() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                await launch_one(driver, scheduler, stream)
                stream.update(an_update("t1", TaskState.ERROR, reason=StatusReason.TASK_INVALID))
                await scheduler.hears("t1 error")
        assert driver.open_tasks == ()

    run(story())
