"""Real tries: commands, HTTP and connections, and what is told when they fail."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from aiohttp import web

from agent.checks.effects import RunProbe
from agent.checks.events import ProbeEnded
from agent.edge.checking.prober import Prober
from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.events import ProcessStarted
from agent.tasks import ProbeOf
from tests.agent.one_agent import AGENT, KEY, task_info
from trimast.edge.http_server import HttpServer
from trimast.model.checks import CheckResult, Probe, ProbeKind
from trimast.model.command import CommandInfo


def order(probe: Probe, timeout_ms: int = 10_000) -> RunProbe:
    return RunProbe(AGENT, KEY, 7, ProbeOf.CHECK, 1, probe, timeout_ms, (("WORD", "hi"),))


async def tried(folder: Path, probe: Probe, timeout_ms: int = 10_000) -> ProbeEnded:
    boxes = Sandboxes(folder / "boxes", kept_max=9, age_max_ms=10**9)
    events: asyncio.Queue[ContainerEvent] = asyncio.Queue()
    tasks = LaunchedContainerizer(folder / "launcher", boxes, events.put_nowait, idle_s=5)
    if probe.kind is ProbeKind.COMMAND:
        await tasks.open()
        info = replace(task_info(), command=CommandInfo("exec sleep 600"))
        tasks.start(StartProcess(AGENT, KEY, 7, info, ""))
        assert isinstance(await asyncio.wait_for(events.get(), 20), ProcessStarted)
    told: asyncio.Queue[ProbeEnded] = asyncio.Queue()
    counted: list[tuple[str, str, str]] = []
    prober = Prober(boxes, tasks.besides, told.put_nowait, lambda *what: counted.append(what))
    prober.start(order(probe, timeout_ms))
    try:
        ended = await asyncio.wait_for(told.get(), 20)
        result = "healthy" if ended.is_healthy else "unhealthy"
        assert counted == [(probe.kind.name.lower(), "check", result)]
        return ended
    finally:
        await prober.close()
        await tasks.close(end=True)
        boxes.close()


def command(line: str) -> Probe:
    return Probe(ProbeKind.COMMAND, CommandInfo(line))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ('test "$WORD" = hi && test "$PWD" = "$MESOS_SANDBOX"', 0),
        ("yes | head -c 10000000", 0),
    ],
)
def test_a_command_runs_as_the_task_does(tmp_path: Path, line: str, code: int) -> None:
    ended = asyncio.run(tried(tmp_path, command(line)))
    assert ended.result == CheckResult(ProbeKind.COMMAND, exit_code=code)
    assert ended.is_healthy is (code == 0)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    line = "sleep 4321 & echo $! > child; wait"
    ended = asyncio.run(tried(tmp_path, command(line), timeout_ms=500))
    assert ended.result == CheckResult(ProbeKind.COMMAND)
    assert ended.detail == "COMMAND check failed: no result within 500 ms"
    [child] = tmp_path.rglob("child")
    pid = int(child.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_command_that_is_not_there_says_so(tmp_path: Path) -> None:
    probe = Probe(ProbeKind.COMMAND, CommandInfo("/no/such", shell=False))
    ended = asyncio.run(tried(tmp_path, probe))
    assert not ended.is_healthy
    assert "/no/such" in ended.detail or "No such file" in ended.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs commands as others")
def test_a_command_runs_as_its_user(tmp_path: Path) -> None:
    probe = Probe(ProbeKind.COMMAND, CommandInfo('test "$(id -un)" = nobody', user="nobody"))
    assert asyncio.run(tried(tmp_path, probe)).is_healthy


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[int]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/health", answer)
    server = HttpServer(app, host="127.0.0.1", port=0)
    await server.start()
    yield server.port
    await server.stop()


@pytest.mark.parametrize(
    ("status", "statuses", "is_healthy"),
    [(200, (), True), (302, (), True), (500, (), False), (200, (204,), False), (204, (204,), True)],
)
def test_an_answer_is_its_status(
    tmp_path: Path, status: int, statuses: tuple[int, ...], is_healthy: bool
) -> None:
    async def main() -> ProbeEnded:
        async with answering(status) as port:
            probe = Probe(ProbeKind.HTTP, port=port, path="/health", statuses=statuses)
            return await tried(tmp_path, probe)

    ended = asyncio.run(main())
    assert ended.result == CheckResult(ProbeKind.HTTP, status_code=status)
    assert ended.is_healthy is is_healthy


def test_where_nobody_listens_nothing_is_well(tmp_path: Path) -> None:
    async def main() -> tuple[ProbeEnded, ProbeEnded, ProbeEnded]:
        async with answering(200) as port:
            there = await tried(tmp_path, Probe(ProbeKind.TCP, port=port))
        gone = await tried(tmp_path, Probe(ProbeKind.TCP, port=port))
        silent = await tried(tmp_path, Probe(ProbeKind.HTTP, port=port, path="/"))
        return there, gone, silent

    there, gone, silent = asyncio.run(main())
    assert (there.is_healthy, there.result.succeeded) == (True, True)
    assert (gone.is_healthy, gone.result.succeeded) == (False, False)
    assert (silent.is_healthy, silent.result.status_code) == (False, None)
