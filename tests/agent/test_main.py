"""`python -m agent` as a process: how it starts, stops, dies and comes back."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.edge.containerizer.isolating import Isolating
from agent.isolation.modes import Isolation
from agent.launcher.processes import process_facts
from tests.agent.edge.patience import until
from tests.agent.fake_master import FakeMaster
from tests.agent.left_groups import remove_left_groups
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


class AgentProcess:
    def __init__(self, directory: Path, masters: str, *more: str) -> None:
        self.ready_file = directory / "ready"
        self.log = directory / "log"
        self.ready_file.unlink(missing_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "agent", "--masters", masters),
                    *("--work-dir", str(directory / "work"), "--http-port", "0"),
                    *("--ready-file", str(self.ready_file), *more),
                ],
                stderr=log,
            )

    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ready_file.read_text())
        return found

    async def until_ready(self) -> dict[str, Any]:
        await until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        return self.ready()

    async def exit_code(self) -> int:
        return await asyncio.to_thread(self.process.wait, 20)

    def launchers(self) -> list[psutil.Process]:
        """Of this directory; those that live."""
        place = str(self.ready_file.with_name("work") / "launcher")
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if place in process.cmdline():
                    found.append(process)
        return found

    async def end_all(self) -> None:
        """Whatever the test has left: the agent, its tasks and its launcher."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
            await self.exit_code()
        self.end()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for launcher in self.launchers():
            launcher.kill()
            launcher.wait()
        folder = self.ready_file.with_name("work") / "launcher"
        remove_left_groups(Isolating(Isolation.AUTO).root_for(folder))


def tell(story: Callable[[FakeMaster], Awaitable[None]]) -> None:
    async def main() -> None:
        async with FakeMaster() as master:
            await story(master)

    asyncio.run(main())


def pid_in(path: Path) -> int | None:
    return int(path.read_text()) if path.exists() and path.read_text().endswith("\n") else None


def test_it_is_ready_before_there_is_a_master_and_ends_when_asked(tmp_path: Path) -> None:
    async def main() -> None:
        agent = AgentProcess(tmp_path, "127.0.0.1:1")
        try:
            ready = await agent.until_ready()
            assert (ready["id"], ready["pid"]) == (None, agent.process.pid)
            agent.process.terminate()
            assert await agent.exit_code() == 0
        finally:
            agent.end()

    asyncio.run(main())


def test_killed_and_started_again_it_goes_on_with_its_tasks(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        first = AgentProcess(tmp_path, master.address)
        master.takes_reports = False
        try:
            await master.until_welcomed()
            master.run("t", f"echo $$ > {child}; sleep 60 & wait; exit 5")
            master.run("u", "sleep 0.3; exit 3", fence=2)
            await until(lambda: pid_in(child) is not None)
            running = await master.until_reported("t", TaskState.RUNNING)
            await master.until_reported("u", TaskState.RUNNING)
            first.process.kill()
            await first.exit_code()
            pid = pid_in(child)
            assert pid is not None
            facts = process_facts(pid)
            second = AgentProcess(tmp_path, master.address)
            try:
                ended = await master.until_reported("u", TaskState.FAILED)
                assert (ended.exit_code, ended.sequence) == (3, 3)
                assert process_facts(pid) == facts
                assert second.ready()["id"] == "agent-1"
                master.kill("t")
                killed = await master.until_reported("t", TaskState.KILLED)
                assert killed.sequence == running.sequence + 1
                await until(lambda: is_dead(pid))
            finally:
                await second.end_all()
        finally:
            first.end()

    tell(story)


def is_dead(pid: int) -> bool:
    try:
        return b") Z " in Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_asked_to_stop_it_leaves_its_tasks_running(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        agent = AgentProcess(tmp_path, master.address)
        try:
            await master.until_welcomed()
            master.run("t", f"echo $$ > {child}; exec sleep 60")
            await until(lambda: pid_in(child) is not None)
            await master.until_reported("t", TaskState.RUNNING)
            agent.process.terminate()
            assert await agent.exit_code() == 0
            pid = pid_in(child)
            assert pid is not None
            assert not is_dead(pid)
            # And ends them on purpose.
            cleaning = AgentProcess(tmp_path, master.address, "--recover", "cleanup")
            assert await cleaning.exit_code() == 0
            lost = await master.until_reported("t", TaskState.LOST)
            assert lost.reason is StatusReason.AGENT_RESTARTED
            assert is_dead(pid)
        finally:
            await agent.end_all()

    tell(story)


def test_started_with_less_than_before_it_refuses_and_its_tasks_run_on(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        agent = AgentProcess(tmp_path, master.address, "--resources", "cpus:4")
        try:
            await master.until_welcomed()
            master.run("t", f"echo $$ > {child}; exec sleep 60")
            await master.until_reported("t", TaskState.RUNNING)
            await until(lambda: pid_in(child) is not None)
            agent.process.terminate()
            assert await agent.exit_code() == 0
            smaller = AgentProcess(tmp_path, master.address, "--resources", "cpus:2")
            assert await smaller.exit_code() == 1
            assert "resources were cpus:4, and are cpus:2" in smaller.log.read_text()
            pid = pid_in(child)
            assert pid is not None
            assert not is_dead(pid)
            larger = AgentProcess(tmp_path, master.address, "--resources", "cpus:8")
            await master.until_welcomed(links=2)
            master.kill("t")
            await master.until_reported("t", TaskState.KILLED)
            await larger.end_all()
        finally:
            await agent.end_all()

    tell(story)


def test_asked_to_end_all_it_ends_its_tasks_and_its_launcher(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        agent = AgentProcess(tmp_path, master.address)
        try:
            await master.until_welcomed()
            master.run("t", f"echo $$ > {child}; exec sleep 60")
            await until(lambda: pid_in(child) is not None)
            assert agent.launchers() != []
            agent.process.send_signal(signal.SIGUSR1)
            assert await agent.exit_code() == 0
            await master.until_reported("t", TaskState.LOST)
            pid = pid_in(child)
            assert pid is not None
            assert is_dead(pid)
            assert agent.launchers() == []
        finally:
            await agent.end_all()

    tell(story)


def test_asked_twice_it_waits_for_nothing_but_leaves_nothing(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        agent = AgentProcess(tmp_path, master.address, "--kill-grace-ms", "60000")
        try:
            await master.until_welcomed()
            master.run("t", f"trap '' TERM; echo $$ > {child}; while :; do sleep 60; done")
            await until(lambda: pid_in(child) is not None)
            await master.until_reported("t", TaskState.RUNNING)
            agent.process.send_signal(signal.SIGUSR1)
            await until(lambda: "signal_received" in agent.log.read_text())
            agent.process.send_signal(signal.SIGTERM)
            assert await agent.exit_code() == 130
            pid = pid_in(child)
            assert pid is not None
            assert is_dead(pid)
        finally:
            await agent.end_all()

    tell(story)


def test_a_launcher_that_dies_is_replaced_and_its_tasks_are_not_touched(tmp_path: Path) -> None:
    child = tmp_path / "child"

    async def story(master: FakeMaster) -> None:
        agent = AgentProcess(tmp_path, master.address)
        try:
            await master.until_welcomed()
            master.run("t", f"echo $$ > {child}; until test -e {tmp_path}/go; do sleep 0.01; done")
            await until(lambda: pid_in(child) is not None)
            await master.until_reported("t", TaskState.RUNNING)
            [launcher] = agent.launchers()
            launcher.kill()
            await until(lambda: agent.launchers() not in ([], [launcher]))
            pid = pid_in(child)
            assert pid is not None
            assert not is_dead(pid)
            master.run("u", "exit 4", fence=2)
            assert (await master.until_reported("u", TaskState.FAILED)).exit_code == 4
            (tmp_path / "go").touch()
            failed = await master.until_reported("t", TaskState.FAILED)
            assert failed.reason is StatusReason.EXECUTOR_TERMINATED
            assert failed.exit_code is None
            assert "how is not known" in failed.message
        finally:
            await agent.end_all()

    tell(story)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda work: work.write_text("a file"), "cannot be used"),
        (
            lambda work: (
                (work / "meta").mkdir(parents=True)
                or (work / "meta" / "journal").write_text(
                    "nonsense that is longer than a first line"
                )
            ),
            "the checkpoint journal is damaged in the frame at byte 0",
        ),
    ],
)
def test_what_keeps_it_from_starting_is_said(
    tmp_path: Path, prepare: Callable[[Path], object], said: str
) -> None:
    prepare(tmp_path / "work")

    async def main() -> None:
        agent = AgentProcess(tmp_path, "127.0.0.1:1")
        try:
            assert await agent.exit_code() == 1
            assert said in agent.log.read_text()
        finally:
            agent.end()

    asyncio.run(main())


def test_a_port_in_use_and_a_directory_in_use_are_said(tmp_path: Path) -> None:
    async def main() -> None:
        first = AgentProcess(tmp_path, "127.0.0.1:1")
        others: list[AgentProcess] = []
        try:
            port = (await first.until_ready())["http"].rpartition(":")[2]
            others = [AgentProcess(tmp_path, "127.0.0.1:1")]
            assert await others[0].exit_code() == 1
            assert "is in use by another agent" in others[0].log.read_text()
            os.mkdir(tmp_path / "other")
            others.append(AgentProcess(tmp_path / "other", "127.0.0.1:1", "--http-port", port))
            assert await others[1].exit_code() == 1
            assert "for HTTP: address already in use" in others[1].log.read_text()
        finally:
            for agent in (first, *others):
                agent.end()

    asyncio.run(main())
