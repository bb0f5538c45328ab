"""Tasks in containers: with what behaves like podman, and with podman itself where that is."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.edge.containerizer.podman_rules import PodmanRules
from agent.events import (
    MemoryExceeded,
    ProcessExited,
    ProcessPaused,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
)
from agent.isolation.modes import Isolation
from tests.agent.edge.containerizer.container_node import (
    FAKE_IMAGE,
    REAL_IMAGE,
    ContainerNode,
    Story,
    fake_rules,
    real_rules,
    why_no_real_podman,
)
from tests.agent.edge.patience import until
from tests.agent.one_agent import KEY, OTHER

Tell = Callable[[Story], None]
STUBBORN = "trap '' TERM; while :; do sleep 1; done"
POLITE = "trap 'exit 5' TERM; while :; do sleep 0.05; done"


def play(root: Path, rules: PodmanRules, isolation: Isolation, image: str, story: Story) -> None:
    async def main() -> None:
        node = ContainerNode(root, rules, isolation, image)
        try:
            await node.processes.open()
            await story(node)
        finally:
            await node.processes.close(end=True)
            node.boxes.close()

    asyncio.run(main())


@pytest.fixture(params=["fake", "fake-cgroup", "podman", "podman-cgroup"])
def tell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    is_real = request.param.startswith("podman")
    if is_real and why_no_real_podman():
        pytest.skip(why_no_real_podman())
    rules = real_rules() if is_real else fake_rules(tmp_path / "home", monkeypatch)
    isolation = Isolation.AUTO if request.param.endswith("cgroup") else Isolation.PROCESS
    image = REAL_IMAGE if is_real else FAKE_IMAGE
    return lambda story: play(tmp_path, rules, isolation, image, story)


@pytest.fixture
def tell_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    rules = fake_rules(tmp_path / "home", monkeypatch)
    return lambda story: play(tmp_path, rules, Isolation.PROCESS, FAKE_IMAGE, story)


def test_a_container_starts_and_ends_and_is_gone_before_that_is_told(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("echo out; echo err >&2; exit 3")
        assert await node.exit_code() == 3
        assert not node.has_container()
        assert [type(event) for event in node.events] == [ProcessStarted, ProcessExited]
        assert (node.written(), node.written("stderr")) == ("out\n", "err\n")

    tell(story)


def test_it_is_asked_to_end_by_way_of_podman(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start(POLITE)
        await node.next(ProcessStarted)
        await asyncio.sleep(0.5)
        node.processes.terminate(KEY, 7, by_order=True)
        assert await node.exit_code() == 5
        assert not node.has_container()

    tell(story)


def test_killed_nothing_is_left_of_it(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start(STUBBORN)
        await node.next(ProcessStarted)
        node.processes.kill(KEY, 7)
        assert (await node.next(ProcessExited)).exit_code in {None, 137}
        assert not node.has_container()

    tell(story)


def test_it_outlives_its_agent_and_is_found_by_the_next(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start(STUBBORN)
        started = await node.next(ProcessStarted)
        await node.restart()
        node.find()
        node.processes.end_strays()
        assert await node.next(ProcessStarted) == started
        assert node.has_container()
        node.processes.kill(KEY, 7)
        await node.next(ProcessExited)
        assert not node.has_container()

    tell(story)


def test_an_end_is_told_again_until_it_is_to_be_forgotten(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("exit 3")
        await node.next(ProcessExited)
        await node.restart()
        node.find()
        assert await node.exit_code() == 3
        node.processes.forget(KEY, 7)
        assert not list((node.root / "launcher/containers").iterdir())

    tell(story)


def test_what_nobody_looks_for_is_removed(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        for key in (KEY, OTHER):
            node.start(STUBBORN, key=key)
            await node.next(ProcessStarted, key)
        await node.restart()
        node.find(OTHER)
        node.processes.end_strays()
        await until(lambda: not node.has_container())
        assert node.has_container(OTHER)

    tell(story)


def test_how_it_ended_is_known_though_its_launcher_has_died(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("sleep 2; exit 4")
        await node.next(ProcessStarted)
        os.kill(node.processes.link.pid, signal.SIGKILL)
        assert await node.exit_code() == 4
        assert not node.has_container()

    tell(story)


def test_it_is_held_where_it_is(tell: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("while :; do echo x; sleep 0.02; done")
        await node.next(ProcessStarted)
        await until(lambda: "x" in node.written())
        node.processes.pause(KEY, 7, paused=True)
        assert await node.next(ProcessPaused) == ProcessPaused(KEY, 7, True)
        written = node.written()
        node.events.clear()
        node.processes.pause(KEY, 7, paused=False)
        assert await node.next(ProcessPaused) == ProcessPaused(KEY, 7, False)
        await until(lambda: len(node.written()) > len(written))

    tell(story)


def test_what_cannot_be_run_never_ran(tell_fake: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("true", image="bad")
        failed = await node.next(StartFailed)
        assert failed.why == "Cannot start the task: podman run: this image cannot be run"
        assert not node.has_container()
        node.start("true", key=OTHER, image="nowhere")
        failed = await node.next(StartFailed, OTHER)
        assert "podman pull nowhere: nowhere: no such image anywhere" in failed.why
        assert len(node.events) == 2

    tell_fake(story)


def test_what_does_not_begin_can_be_cancelled(tell_fake: Tell) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("true", image="deaf")
        await until(node.has_container)
        node.processes.cancel_start(KEY, 7)
        assert (await node.next(StartFailed)).why.startswith("Cannot start the task: podman run:")
        assert not node.has_container()

    tell_fake(story)


def test_memory_that_was_too_much_is_named(tell_fake: Tell, tmp_path: Path) -> None:
    async def story(node: ContainerNode) -> None:
        (tmp_path / "home/podman/oom").touch()
        node.start("exit 137")
        memory = (await node.next(ProcessExited)).memory
        assert memory is not None
        assert memory == MemoryExceeded(memory.limit, memory.peak, memory.peak)

    tell_fake(story)


def test_an_end_waits_until_podman_has_removed_the_container(
    tell_fake: Tell, tmp_path: Path
) -> None:
    async def story(node: ContainerNode) -> None:
        broken = tmp_path / "home/podman/broken"
        calls = tmp_path / "home/podman/calls"
        node.start("sleep 0.3")
        await node.next(ProcessStarted)
        broken.touch()
        await until(lambda: calls.read_text().count('"rm"') >= 2)
        assert [type(event) for event in node.events] == [ProcessStarted]
        broken.unlink()
        assert await node.exit_code() == 0

    tell_fake(story)


def test_without_podman_a_task_fails_and_is_told_why(tmp_path: Path) -> None:
    async def story(node: ContainerNode) -> None:
        node.start("true")
        failed = await node.next(StartFailed)
        assert "no-such-podman is not on this machine" in failed.why
        assert "--podman" in failed.why
        assert not any(isinstance(event, ProcessVanished) for event in node.events)

    play(tmp_path, PodmanRules("no-such-podman"), Isolation.PROCESS, FAKE_IMAGE, story)


def test_where_podman_is_broken_a_task_fails_and_is_told_why(
    tell_fake: Tell, tmp_path: Path
) -> None:
    async def story(node: ContainerNode) -> None:
        (tmp_path / "home/podman/broken").touch()
        node.start("true")
        failed = await node.next(StartFailed)
        assert failed.why == "Cannot start the task: podman info: podman is broken"
        (tmp_path / "home/podman/broken").unlink()
        node.start("true", key=OTHER)
        assert await node.exit_code(OTHER) == 0

    tell_fake(story)
