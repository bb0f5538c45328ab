"""A task's uris are there before it runs; if they cannot be, or it is killed, it never runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from tests.agent.edge.fetcher.rig import Rig, fetching
from tests.agent.one_agent import AGENT, KEY, task_info
from trimast.model.task import CommandInfo
from trimast.model.uri import Uri


class Node:
    def __init__(self, root: Path, rig: Rig) -> None:
        self.server = rig.server
        self.boxes = Sandboxes(root / "boxes", kept_max=9, age_max_ms=10**9)
        self.events: asyncio.Queue[ContainerEvent] = asyncio.Queue()
        self.processes = LaunchedContainerizer(
            root / "launcher",
            self.boxes,
            self.events.put_nowait,
            idle_s=5,
            fetcher=rig.fetcher,
        )

    def start(self, line: str, *uris: Uri) -> None:
        task = replace(task_info(), command=CommandInfo(line, uris=uris))
        self.processes.start(StartProcess(AGENT, KEY, 7, task, ""))

    async def event(self) -> ContainerEvent:
        async with asyncio.timeout(20):
            return await self.events.get()


def tell(root: Path, story: Callable[[Node], Awaitable[None]]) -> None:
    async def main() -> None:
        async with fetching(root) as rig:
            node = Node(root, rig)
            await node.processes.open()
            try:
                await story(node)
            finally:
                await node.processes.close(end=True)
                node.boxes.close()

    asyncio.run(main())


def test_what_it_needs_is_there_when_it_runs(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.server.pages = {"/run": b"#!/bin/sh\necho it runs\n"}
        node.start("./run", node.server.uri("/run", executable=True))
        assert isinstance(await node.event(), ProcessStarted)
        assert await node.event() == ProcessExited(KEY, 7, 0, None)
        box = node.boxes.find(KEY)
        assert box is not None
        assert (box / "stdout").read_text() == "it runs\n"

    tell(tmp_path, story)


def test_without_it_the_task_has_failed_and_the_reason_names_it(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.start("true", node.server.uri("/missing"))
        failed = await node.event()
        assert isinstance(failed, StartFailed)
        uri = f"http://{node.server.address}/missing"
        assert f"cannot fetch '{uri}': 127.0.0.1 answered 404" in failed.why

    tell(tmp_path, story)


def test_killed_meanwhile_it_ends_at_once_and_never_runs(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.start("true", node.server.uri("/slow"))
        await node.server.is_waiting.wait()
        node.processes.cancel_start(KEY, 7)
        failed = await node.event()
        assert isinstance(failed, StartFailed)
        assert "killed while its uris were being fetched" in failed.why

    tell(tmp_path, story)


def test_killed_before_that_nothing_is_fetched(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.start("true", node.server.uri("/slow"))
        node.processes.cancel_start(KEY, 7)
        failed = await node.event()
        assert isinstance(failed, StartFailed)
        assert node.server.asked == []

    tell(tmp_path, story)


def test_an_agent_that_ends_meanwhile_starts_nothing(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.start("true", node.server.uri("/slow"))
        await node.server.is_waiting.wait()
        await node.processes.close(end=False)
        assert node.events.empty()

    tell(tmp_path, story)
