"""The driver of executors, against the agent's own API."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.events import (
    KillTask,
    KillTasks,
    MasterSaid,
    Order,
    PassToExecutor,
    ShutExecutorDown,
    TakeReports,
)
from agent.executors.effects import CloseExecutorStream
from tests.agent.edge.executors.test_executor_api import Served, served
from tests.agent.edge.patience import until
from tests.agent.executors.one_executor import EXECUTOR
from tests.agent.one_agent import EPOCH, KEY, LINK
from trimast.framework import Executor, ExecutorDriver, NoAgent, TaskId, TaskInfo, TaskState


class Recorder(Executor):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def launch(self, driver: ExecutorDriver, task: TaskInfo) -> None:
        self.heard.append(("launch", task.task_id))
        driver.update(task.task_id, TaskState.RUNNING, data=b"d", healthy=True)

    async def kill(self, driver: ExecutorDriver, task_id: TaskId, grace_ms: int | None) -> None:
        self.heard.append(("kill", task_id, grace_ms))
        driver.update(task_id, TaskState.KILLED)

    def message(self, driver: ExecutorDriver, data: bytes) -> None:
        self.heard.append(data)

    def shutdown(self, driver: ExecutorDriver) -> None:
        self.heard.append("shutdown")


def environment(one: Served, **more: str) -> dict[str, str]:
    return {
        "MESOS_AGENT_ENDPOINT": one.url.removeprefix("http://").partition("/")[0],
        "MESOS_FRAMEWORK_ID": "f",
        "MESOS_EXECUTOR_ID": "x",
        "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "token",
        "MESOS_CHECKPOINT": "1",
        **more,
    }


def order(one: Served, what: Order) -> None:
    one.submit(MasterSaid(LINK, EPOCH, what))


def made(one: Served) -> list[TaskState]:
    return [update.state for update in one.agent.state.tasks[KEY].stream.untaken]


def tell(story: Callable[[Served, Recorder, "asyncio.Task[None]"], Awaitable[None]]) -> None:
    async def main() -> None:
        async with served(needs_token=True) as (one, _):
            recorder = Recorder()
            running = asyncio.create_task(ExecutorDriver(recorder, environment(one)).run())
            try:
                await until(lambda: len(recorder.heard) == 1)
                await story(one, recorder, running)
            finally:
                running.cancel()
                await asyncio.wait([running])

    asyncio.run(main())


def test_it_runs_what_it_is_given_and_reports_it() -> None:
    async def story(one: Served, recorder: Recorder, running: "asyncio.Task[None]") -> None:
        await until(lambda: made(one) == [TaskState.RUNNING])
        [report] = one.agent.state.tasks[KEY].stream.untaken
        assert (report.data, report.healthy) == (b"d", True)
        order(one, KillTasks((KillTask(KEY, 500),)))
        order(one, PassToExecutor(EXECUTOR, b"hi"))
        await until(lambda: made(one) == [TaskState.RUNNING, TaskState.KILLED])
        await until(lambda: b"hi" in recorder.heard)
        assert recorder.heard == [("launch", "t"), ("kill", "t", 500), b"hi"]

    tell(story)


def test_after_a_break_it_repeats_what_nobody_has_and_nothing_is_reported_twice() -> None:
    async def story(one: Served, recorder: Recorder, running: "asyncio.Task[None]") -> None:
        await until(lambda: made(one) == [TaskState.RUNNING])
        executor = one.agent.state.executors[EXECUTOR]
        first = executor.stream_id
        assert first is not None
        one.streams.perform(CloseExecutorStream(EXECUTOR, first))
        await until(lambda: executor.stream_id not in {None, first})
        assert made(one) == [TaskState.RUNNING]

    tell(story)


def test_told_to_end_it_waits_until_its_last_words_have_arrived() -> None:
    async def story(one: Served, recorder: Recorder, running: "asyncio.Task[None]") -> None:
        await until(lambda: made(one) == [TaskState.RUNNING])
        order(one, ShutExecutorDown(EXECUTOR))
        await until(lambda: "shutdown" in recorder.heard)
        assert not running.done()
        [report] = one.agent.state.tasks[KEY].stream.untaken
        order(one, TakeReports((report.uuid,)))
        await asyncio.wait_for(running, 10)

    tell(story)


def test_one_that_the_agent_does_not_know_ends() -> None:
    async def main() -> None:
        async with served() as (one, _):
            driver = ExecutorDriver(Recorder(), environment(one, MESOS_EXECUTOR_ID="y"))
            with pytest.raises(NoAgent, match="400: Executor cannot be found"):
                await driver.run()

    asyncio.run(main())


def test_one_that_no_agent_has_started_says_so() -> None:
    with pytest.raises(
        NoAgent, match="an agent starts executors, and it sets MESOS_AGENT_ENDPOINT"
    ):
        ExecutorDriver(Recorder(), {})
