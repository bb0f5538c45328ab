"""Real processes: whole groups, sandboxes, output, users, and what they are given."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.isolating import Isolating
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.containerizer.launcher_link import LauncherUnusable
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from agent.isolation.modes import Isolation
from agent.launcher.processes import process_facts
from agent.tasks import TaskKey
from tests.agent.edge.patience import until
from tests.agent.one_agent import AGENT, FRAMEWORK, KEY, task_info
from trimast.model.ids import TaskId
from trimast.model.task import CommandInfo


class Node:
    """One containerizer on a real directory."""

    def __init__(self, root: Path) -> None:
        self.boxes = Sandboxes(root / "boxes", kept_max=9, age_max_ms=10**9)
        self.events: asyncio.Queue[ContainerEvent] = asyncio.Queue()
        self.processes = LaunchedContainerizer(
            root / "launcher", self.boxes, self.events.put_nowait, idle_s=5
        )

    def start(self, line: str, *, key: TaskKey = KEY, user: str = "", **command: Any) -> None:
        task = replace(task_info(key), command=CommandInfo(line, **command))
        self.processes.start(StartProcess(AGENT, key, 7, task, user))

    async def event(self) -> ContainerEvent:
        async with asyncio.timeout(20):
            return await self.events.get()

    async def output(self, line: str, **more: Any) -> str:
        """What a task has written, once it has ended well."""
        self.start(line, **more)
        started = await self.event()
        assert isinstance(started, ProcessStarted), started
        assert await self.event() == ProcessExited(KEY, 7, 0, None), self.written("stderr")
        return self.written("stdout")

    def written(self, name: str) -> str:
        box = self.boxes.find(KEY)
        assert box is not None
        return (box / name).read_text()

    async def file(self, name: str) -> str:
        """What a task puts into a file, once it has."""
        box = self.boxes.find(KEY)
        assert box is not None
        path = box / name
        await until(lambda: path.exists() and bool(path.read_text()))
        return self.written(name)


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[Node], Awaitable[None]]], None]:
    def run(story: Callable[[Node], Awaitable[None]]) -> None:
        async def main() -> None:
            node = Node(tmp_path)
            try:
                await node.processes.open()
                await story(node)
            finally:
                await node.processes.close(end=True)
                node.boxes.close()

        tmp_path.chmod(0o755)
        asyncio.run(main())

    return run


Run = Callable[[Callable[[Node], Awaitable[None]]], None]


def is_gone(pid: int) -> bool:
    """Dead, even if nobody has waited for it yet."""
    try:
        return b") Z " in Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_where_there_must_be_cgroups_and_are_none_nothing_runs(tmp_path: Path) -> None:
    async def main() -> None:
        boxes = Sandboxes(tmp_path / "boxes", kept_max=9, age_max_ms=10**9)
        # No hierarchy takes a name of two lines.
        isolating = Isolating(Isolation.CGROUP, "two\nlines")
        processes = LaunchedContainerizer(
            tmp_path / "launcher", boxes, lambda event: None, isolating=isolating
        )
        with pytest.raises(LauncherUnusable, match="--isolation auto does without"):
            await processes.open()
        await until(lambda: "launcher_ended" in (tmp_path / "launcher/log").read_text())
        boxes.close()

    asyncio.run(main())


def test_output_goes_to_two_files_in_the_sandbox(run: Run) -> None:
    async def story(node: Node) -> None:
        assert await node.output("echo out; echo err >&2; pwd") == f"out\n{node.boxes.find(KEY)}\n"
        assert node.written("stderr") == "err\n"

    run(story)


def test_a_task_reads_nothing_and_inherits_nothing(run: Run) -> None:
    async def story(node: Node) -> None:
        assert await node.output("cat; ls -l /proc/self/fd | wc -l") == "5\n"

    run(story)


def test_a_program_gets_its_arguments_as_they_are(run: Run) -> None:
    async def story(node: Node) -> None:
        arguments = ("name", "-c", 'echo "$0" "$@"', "a b", "$X", "*")
        assert await node.output("sh", shell=False, arguments=arguments) == "a b $X *\n"

    run(story)


def test_a_task_leads_a_session_and_group_of_its_own(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start("ps -o pid=,pgid=,sid= -p $$ || cut -d' ' -f1,5,6 /proc/$$/stat")
        started = await node.event()
        assert isinstance(started, ProcessStarted)
        await node.event()
        assert node.written("stdout").split() == [str(started.pid)] * 3

    run(story)


def test_asking_reaches_the_whole_group(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start(
            "(trap 'echo child; exit' TERM; echo $BASHPID > x; echo > ready; "
            "while :; do sleep 0.05; done) & trap 'wait; exit 3' TERM; wait; wait"
        )
        await node.event()
        await node.file("ready")
        node.processes.terminate(KEY, 7, by_order=True)
        assert await node.event() == ProcessExited(KEY, 7, 3, None)
        assert node.written("stdout") == "child\n"

    run(story)


def test_force_reaches_the_whole_group(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start(
            "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > child; sleep 60; sleep 60' & wait"
        )
        await node.event()
        child = int(await node.file("child"))
        node.processes.terminate(KEY, 7, by_order=True)
        assert process_facts(child) is not None
        node.processes.kill(KEY, 7)
        assert await node.event() == ProcessExited(KEY, 7, None, 9)
        await until(lambda: is_gone(child))

    run(story)


def test_what_a_task_leaves_behind_in_its_group_ends_with_it(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start("sleep 60 & echo $! > child")
        await node.event()
        assert await node.event() == ProcessExited(KEY, 7, 0, None)
        child = int(await node.file("child"))
        await until(lambda: is_gone(child))

    run(story)


def test_a_stopped_task_can_be_ended(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start("echo > ready; kill -STOP $$")
        await node.event()
        await node.file("ready")
        node.processes.kill(KEY, 7)
        assert await node.event() == ProcessExited(KEY, 7, None, 9)

    run(story)


def test_many_tasks_at_once_all_end(run: Run) -> None:
    async def story(node: Node) -> None:
        keys = {TaskKey(FRAMEWORK, TaskId(f"t{number}")) for number in range(50)}
        for key in keys:
            node.start("true", shell=False, key=key)
        exits: set[TaskKey] = set()
        while len(exits) < len(keys):
            event = await node.event()
            if isinstance(event, ProcessExited):
                assert event.exit_code == 0
                exits.add(event.key)

    run(story)


@pytest.mark.parametrize(
    ("line", "more", "why"),
    [
        ("/no/such", {"shell": False}, "No such file or directory: '/no/such'"),
        ("/etc/passwd", {"shell": False}, "Permission denied"),
        ("true", {"user": "nobody-knows"}, "user 'nobody-knows' is unknown"),
        ("true\0", {"shell": False}, "null"),
    ],
)
def test_why_a_task_cannot_start_is_said(
    run: Run, line: str, more: dict[str, Any], why: str
) -> None:
    async def story(node: Node) -> None:
        node.start(line, **more)
        failed = await node.event()
        assert isinstance(failed, StartFailed)
        assert why in failed.why

    run(story)


def test_an_id_too_long_for_a_directory_fails_its_own_task_only(run: Run) -> None:
    async def story(node: Node) -> None:
        node.start("true", key=TaskKey(FRAMEWORK, TaskId("ü" * 200)))
        failed = await node.event()
        assert isinstance(failed, StartFailed)
        assert "File name too long" in failed.why
        assert await node.output("echo on") == "on\n"

    run(story)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_task_runs_as_its_user_in_a_sandbox_that_is_theirs(run: Run, tmp_path: Path) -> None:
    for directory in [tmp_path, *tmp_path.parents][:-2]:
        if not directory.stat().st_mode & stat.S_IXOTH:
            directory.chmod(directory.stat().st_mode | stat.S_IXOTH)

    async def story(node: Node) -> None:
        output = await node.output("id -un; id -Gn; touch mine && echo $USER", user="daemon")
        assert output.split() == ["daemon", "daemon", "daemon"]
        box = node.boxes.find(KEY)
        assert box is not None
        assert box.owner() == (box / "mine").owner() == (box / "stdout").owner() == "daemon"

    run(story)
