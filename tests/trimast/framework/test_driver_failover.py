"""The driver when its leader is lost: what is asked again, what is void, what is told."""

from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from tests.trimast.framework.fake_master import (
    FRAMEWORK,
    FakeMaster,
    an_update,
    offer_ids,
    run,
    uuid,
)
from tests.trimast.framework.recorder import Recorder, driver_of, launch_one, subscribe
from trimast.framework import (
    SchedulerDriver,
    TaskState,
    command_task,
)


def test_a_framework_comes_back_under_its_id_and_says_so() -> None:
    async def story() -> None:
        async with FakeMaster("m1") as one, FakeMaster("m2", leads=False) as two:
            one.peers, two.peers = [two], [one]
            scheduler = Recorder()
            async with driver_of(scheduler, one, two):
                stream = await subscribe(one)
                await scheduler.hears(f"subscribed {FRAMEWORK}")
                one.leads, two.leads, two.epoch = False, True, 2
                stream.end()
                again = await two.stream()
                call = await again.next(Call.SUBSCRIBE)
                again.subscribed()
                await scheduler.hears("disconnected", "resubscribed")
        assert call.subscribe.framework_info.id.value == FRAMEWORK
        assert scheduler.told == [f"subscribed {FRAMEWORK}", "disconnected", "resubscribed"]

    run(story())


def test_offers_of_a_lost_leader_are_rescinded_and_a_launch_on_one_is_dropped() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                stream.offer("o1", "o2", "o3")
                await scheduler.hears("offer o1", "offer o2", "offer o3")
                stream.rescind("o1")
                driver.decline(scheduler.offered[1])
                declined = await stream.next(Call.DECLINE)
                stream.end()
                await scheduler.hears("disconnected")
                driver.launch(scheduler.offered[2], [command_task("t1", "true")])
                await scheduler.hears("t1 dropped")
        assert offer_ids(declined) == ["o2"]
        assert scheduler.told[4:] == ["rescinded o1", "rescinded o3", "disconnected", "t1 dropped"]
        assert driver.open_tasks == ()

    run(story())


def test_after_a_break_every_open_task_is_asked_for_until_it_is_answered() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                for task in ("t1", "t2", "t3"):
                    await launch_one(driver, scheduler, stream, task)
                stream.update(an_update("t3", TaskState.FINISHED, uuid(1)))
                await scheduler.hears("t3 finished")
                stream.end()
                stream = await subscribe(master)
                first = await stream.next(Call.RECONCILE)
                stream.update(an_update("t1", TaskState.RUNNING))
                await scheduler.hears("t1 running")
                second = first
                while len(second.reconcile.tasks) == 2:
                    second = await stream.next(Call.RECONCILE)
                stream.update(an_update("t2", TaskState.UNKNOWN))
                await scheduler.hears("t2 unknown")
        assert [task.task_id.value for task in first.reconcile.tasks] == ["t1", "t2"]
        # With an agent named, a launch that was never committed would be answered GONE, as if it
        # might have run.
        assert not any(task.HasField("agent_id") for task in first.reconcile.tasks)
        assert [task.task_id.value for task in second.reconcile.tasks] == ["t2"]
        assert driver.open_tasks == ("t1",)

    run(story())


def test_a_task_launched_again_under_its_id_is_not_ended_by_a_late_answer() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                await launch_one(driver, scheduler, stream)
                stream.end()
                stream = await subscribe(master)
                stream.update(an_update("t1", TaskState.UNKNOWN))
                await scheduler.hears("t1 unknown")
                await launch_one(driver, scheduler, stream)
                stream.update(an_update("t1", TaskState.UNKNOWN))
                stream.update(an_update("t1", TaskState.RUNNING, uuid(1)))
                await scheduler.hears("t1 running")
        assert scheduler.told.count("t1 unknown") == 1
        assert driver.open_tasks == ("t1",)

    run(story())


def test_a_kill_is_asked_again_of_the_next_leader_and_not_after_the_end() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                await launch_one(driver, scheduler, stream)
                stream.end()
                await scheduler.hears("disconnected")
                driver.kill("t1", grace_ms=500)
                stream = await subscribe(master)
                kill = await stream.next(Call.KILL)
                stream.update(an_update("t1", TaskState.KILLED, uuid(1)))
                await stream.next(Call.ACKNOWLEDGE)
                scheduler.told.clear()
                stream.end()
                stream = await subscribe(master)
                await scheduler.hears("resubscribed")
                driver.revive()
                after = await stream.next_of_all()
        assert kill.kill.task_id.value == "t1"
        assert kill.kill.kill_policy.grace_period.nanoseconds == 500_000_000
        assert after.type == Call.REVIVE

    run(story())


def test_suppression_holds_across_leaders() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master) as driver:
                stream = await subscribe(master)
                await scheduler.hears(f"subscribed {FRAMEWORK}")
                driver.suppress()
                await stream.next(Call.SUPPRESS)
                stream.end()
                call = await (await master.stream()).next(Call.SUBSCRIBE)
        assert list(call.subscribe.suppressed_roles) == ["*"]

    run(story())


def test_a_frozen_leader_is_left_once_another_leads() -> None:
    async def story() -> None:
        async with FakeMaster("m1") as frozen, FakeMaster("m2", leads=False) as next_one:
            frozen.peers, next_one.peers = [next_one], [frozen]
            scheduler = Recorder()
            async with driver_of(scheduler, frozen):
                stream = await frozen.stream()
                stream.subscribed(heartbeat_s=0.05)
                next_one.leads, next_one.epoch = True, 2
                again = await next_one.stream()
                again.subscribed()
                await scheduler.hears("resubscribed")

    run(story())


def test_a_silent_leader_is_left() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            async with driver_of(scheduler, master):
                silent = await master.stream()
                silent.subscribed(heartbeat_s=0.01)
                again = await subscribe(master)
                await scheduler.hears("resubscribed")
                assert silent.closed.is_set() or again is not silent

    run(story())


def test_a_framework_that_lost_its_leader_is_torn_down_by_the_next_one() -> None:
    async def story() -> None:
        async with FakeMaster("m1") as one, FakeMaster("m2", leads=False) as two:
            one.peers, two.peers = [two], [one]
            async with driver_of(scheduler := Recorder(), one) as driver:
                stream = await subscribe(one)
                await scheduler.hears(f"subscribed {FRAMEWORK}")
                one.leads, two.leads, two.epoch = False, True, 2
                stream.end()
                await scheduler.hears("disconnected")
                driver.stop()
            assert two.torn_down == [FRAMEWORK]

    run(story())


def test_a_successor_asks_how_all_tasks_are() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            scheduler = Recorder()
            driver = SchedulerDriver(scheduler, "test", master.address, framework_id=FRAMEWORK)
            async with driver:
                stream = await subscribe(master)
                asked = await stream.next(Call.RECONCILE)
                stream.update(an_update("old", TaskState.RUNNING))
                await scheduler.hears("old running")
                assert driver.open_tasks == ("old",)
        assert list(asked.reconcile.tasks) == []

    run(story())
