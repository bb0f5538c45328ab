"""The contract of whatever runs tasks, held against the real thing and against the fake."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.containerizer.containerizer import ContainerEvent, Containerizer
from agent.edge.containerizer.process import ProcessContainerizer
from agent.edge.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from agent.tasks import TaskKey
from tests.agent.edge.containerizer.fake_containerizer import FakeContainerizer
from tests.agent.one_agent import AGENT, KEY, OTHER, task_info
from trimast.model.task import CommandInfo

COMMANDS = {
    "true": CommandInfo("true"),
    "false": CommandInfo("false"),
    "sleep": CommandInfo("sleep", shell=False, arguments=("sleep", "60")),
    "stubborn": CommandInfo("trap '' TERM; touch ready; while :; do sleep 60; done"),
    "missing": CommandInfo("/no/such/program", shell=False),
}


class Watched:
    """A containerizer and the events it has told, by task."""

    def __init__(self) -> None:
        self.events: list[ContainerEvent] = []
        self.changed = asyncio.Event()
        self.containerizer: Containerizer

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


@pytest.fixture(params=["real", "fake"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Teller:
    def tell(story: Story) -> None:
        async def main() -> None:
            watched = Watched()
            boxes = Sandboxes(tmp_path, kept_max=9, age_max_ms=10**9)
            watched.containerizer = (
                FakeContainerizer(watched.on_event)
                if request.param == "fake"
                else ProcessContainerizer(boxes, watched.on_event)
            )
            try:
                await story(watched)
            finally:
                await watched.containerizer.close()
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
        watched.containerizer.terminate(KEY, 7)
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
        watched.containerizer.terminate(KEY, 7)
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
        watched.containerizer.terminate(OTHER, 7)
        assert await watched.next(ProcessExited, OTHER) == ProcessExited(OTHER, 7, None, 15)

    tell(story)


def test_closing_ends_everything_without_telling(tell: Teller) -> None:
    async def story(watched: Watched) -> None:
        watched.start("sleep")
        await watched.next(ProcessStarted)
        await watched.containerizer.close()
        assert len(watched.events) == 1
        watched.containerizer = FakeContainerizer(watched.on_event)

    tell(story)
