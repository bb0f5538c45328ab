"""The contract of whatever runs tasks, held against the real thing and against the fake."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.containerizer.containerizer import ContainerEvent, Containerizer
from agent.edge.containerizer.isolating import NOT_ISOLATING, Isolating
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import FindProcess, StartProcess
from agent.events import (
    Asked,
    ProcessExited,
    ProcessMissing,
    ProcessPaused,
    ProcessStarted,
    StartFailed,
)
from agent.isolation.modes import Isolation
from agent.tasks import TaskKey
from tests.agent.edge.containerizer.fake_containerizer import FakeContainerizer, FakeMachine
from tests.agent.one_agent import AGENT, KEY, OTHER, task_info
from trimast.model.ids import TaskId
from trimast.model.task import CommandInfo

AUTO = Isolating(Isolation.AUTO, "trimast-test")
THIRD = TaskKey(KEY.framework_id, TaskId("v"))

COMMANDS = {
    "true": CommandInfo("true"),
    "false": CommandInfo("false"),
    "sleep": CommandInfo("sleep", shell=False, arguments=("sleep", "60")),
    "stubborn": CommandInfo("trap '' TERM; touch ready; while :; do sleep 60; done"),
    "missing": CommandInfo("/no/such/program", shell=False),
}


class Watched:
    """A containerizer and the events it has told, by task; and the next ones on that machine."""

    def __init__(self, make: Callable[[Callable[[ContainerEvent], None]], Containerizer]) -> None:
        self.events: list[ContainerEvent] = []
        self.changed = asyncio.Event()
        self.containerizer = make(self.on_event)
        self._make = make

    async def restart(self) -> None:
        """As if the agent were: the events of before are gone, the processes are not."""
        await self.containerizer.close(end=False)
        self.events.clear()
        self.containerizer = self._make(self.on_event)
        await self.containerizer.open()

    def find(self, key: TaskKey = KEY, fence: int = 7, pid: int = 0) -> None:
        self.containerizer.find(FindProcess(AGENT, key, fence, pid))

    def on_event(self, event: ContainerEvent) -> None:
        self.events.append(event)
        self.changed.set()

    def start(self, name: str, key: TaskKey = KEY, fence: int = 7) -> None:
        command = COMMANDS[name]
        if isinstance(self.containerizer, FakeContainerizer):
            command = CommandInfo(name)
        task = replace(task_info(key), command=command)
        self.containerizer.start(StartProcess(AGENT, key, fence, task, ""))

    async def next(self, kind: type[ContainerEvent], key: TaskKey = KEY) -> ContainerEvent:
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and event.key == key:
                        return event
                self.changed.clear()
                if isinstance(self.containerizer, FakeContainerizer):
                    self.containerizer.tick()
                else:
                    await self.changed.wait()


Story = Callable[[Watched], Awaitable[None]]
Teller = Callable[[Story], None]


@pytest.fixture(params=["real", "cgroup", "fake"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Teller:
    def tell(story: Story) -> None:
        async def main() -> None:
            boxes = Sandboxes(tmp_path / "boxes", kept_max=9, age_max_ms=10**9)
            machine = FakeMachine()

            def make(on_event: Callable[[ContainerEvent], None]) -> Containerizer:
                if request.param == "fake":
                    return FakeContainerizer(on_event, machine)
                isolating = AUTO if request.param == "cgroup" else NOT_ISOLATING
                return LaunchedContainerizer(
                    tmp_path / "launcher", boxes, on_event, idle_s=5, isolating=isolating
                )

            watched = Watched(make)
            try:
                await watched.containerizer.open()
                await story(watched)
            finally:
                await watched.containerizer.close(end=True)
                boxes.close()

        asyncio.run(main())

    return tell


@pytest.mark.parametrize(("command", "exit_code"), [("true", 0), ("false", 1)])
def test_a_task_starts_then_ends(tell: Teller, command: str, exit_code: int) -> None:
    async def story(watched: Watched) -> None:
        watched.start(command)
        assert watched.events == [], "nothing is told before the order is over"
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, exit_code, None)
        first, second = watched.events
        assert isinstance(first, ProcessStarted)
        assert first.pid > 1
        assert isinstance(second, ProcessExited)

    tell(story)


def test_a_paused_task_says_so_and_is_found_so_and_can_be_ended(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        await watched.next(ProcessStarted)
        watched.containerizer.pause(KEY, 7, paused=True)
        assert await watched.next(ProcessPaused) == ProcessPaused(KEY, 7, True)
        await watched.restart()
        watched.find()
        assert await watched.next(ProcessPaused) == ProcessPaused(KEY, 7, True)
        watched.events.clear()
        watched.containerizer.pause(KEY, 7, paused=False)
        assert await watched.next(ProcessPaused) == ProcessPaused(KEY, 7, False)
        watched.containerizer.pause(KEY, 7, paused=True)
        watched.containerizer.terminate(KEY, 7, by_order=True)
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, None, 15)

    tell(story)


def test_what_cannot_be_started_is_said_and_nothing_more(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("missing")
        failed = await watched.next(StartFailed)
        assert isinstance(failed, StartFailed)
        assert failed.why.startswith("Cannot start the task: ")
        watched.start("true", OTHER)
        await watched.next(ProcessExited, OTHER)
        assert [type(event) for event in watched.events if event.key == KEY] == [StartFailed]

    tell(story)


def test_a_task_that_is_asked_to_end_does(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        await watched.next(ProcessStarted)
        watched.containerizer.terminate(KEY, 7, by_order=True)
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, None, 15)

    tell(story)


def test_a_task_that_does_not_care_can_be_forced(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("stubborn")
        await watched.next(ProcessStarted)
        watched.containerizer.kill(KEY, 7)
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, None, 9)

    tell(story)


def test_ending_what_is_not_there_does_nothing(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.containerizer.terminate(KEY, 7, by_order=True)
        watched.containerizer.kill(KEY, 7)
        watched.start("true")
        await watched.next(ProcessExited)
        watched.containerizer.kill(KEY, 7)
        watched.start("true", OTHER)
        await watched.next(ProcessExited, OTHER)
        assert len(watched.events) == 4

    tell(story)


def test_tasks_do_not_disturb_each_other(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep", OTHER)
        await watched.next(ProcessStarted, OTHER)
        watched.start("true")
        await watched.next(ProcessExited)
        assert len(watched.events) == 3
        watched.containerizer.terminate(OTHER, 7, by_order=True)
        assert await watched.next(ProcessExited, OTHER) == ProcessExited(OTHER, 7, None, 15)

    tell(story)


def test_a_task_outlives_a_containerizer_and_is_found_by_the_next(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        started = await watched.next(ProcessStarted)
        await watched.restart()
        watched.find()
        assert await watched.next(ProcessStarted) == started
        watched.containerizer.terminate(KEY, 7, by_order=True)
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, None, 15)

    tell(story)


def test_an_end_that_was_told_is_told_again_until_it_is_to_be_forgotten(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("false")
        await watched.next(ProcessExited)
        for _ in range(2):
            await watched.restart()
            watched.find()
            watched.containerizer.end_strays()
            assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, 1, None)

    tell(story)


def test_what_was_never_started_is_missing(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.find()
        assert await watched.next(ProcessMissing) == ProcessMissing(KEY, 7)
        assert len(watched.events) == 1

    tell(story)


@pytest.mark.parametrize("by_order", [True, False])
def test_why_a_task_was_asked_to_end_is_remembered(tell: Teller, by_order: bool) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        await watched.next(ProcessStarted)
        watched.containerizer.terminate(KEY, 7, by_order=by_order)
        await watched.next(ProcessExited)
        await watched.restart()
        watched.find()
        started = await watched.next(ProcessStarted)
        assert isinstance(started, ProcessStarted)
        assert started.asked is (Asked.BY_ORDER if by_order else Asked.TO_STOP)

    tell(story)


def test_what_nobody_looks_for_is_ended(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        for key in (KEY, OTHER):
            watched.start("sleep", key)
            await watched.next(ProcessStarted, key)
        await watched.restart()
        watched.find(OTHER)
        watched.containerizer.end_strays()
        watched.start("true", THIRD)
        await watched.next(ProcessExited, THIRD)
        await watched.restart()
        watched.find(KEY)
        watched.find(OTHER)
        assert await watched.next(ProcessExited) == ProcessExited(KEY, 7, None, 9)
        await watched.next(ProcessStarted, OTHER)

    tell(story)


def test_closing_can_end_everything_without_telling(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        await watched.next(ProcessStarted)
        await watched.containerizer.close(end=True)
        assert len(watched.events) == 1

    tell(story)
