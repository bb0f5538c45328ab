"""Tasks with uris on a real cluster: fetched, refused, killed meanwhile, and their agent killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.agent.edge.fetcher.hostile import a_file, tar
from tests.agent.edge.fetcher.rig import Server
from tests.integration.conftest import StartCluster
from tests.integration.launches import Launches
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.cli.local_cluster.starting import SETTINGS_NAME
from trimast.edge.http_server import HttpServer
from trimast.framework import (
    SchedulerDriver,
    StatusReason,
    TaskId,
    TaskState,
)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    http = HttpServer(app, host="127.0.0.1", port=0)
    await http.start()
    server.address = http.address
    try:
        yield server
    finally:
        server.gate.set()
        await http.stop()


@pytest.fixture
def cluster(start_cluster: StartCluster, tmp_path: Path) -> ClusterFile:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / SETTINGS_NAME).write_text("[agent]\nfetcher_allow_loopback = true\n")
    return start_cluster(masters=1, agents=1)


def test_what_a_task_names_is_there_or_the_task_has_failed(cluster: ClusterFile) -> None:
    async def story() -> None:
        launches = Launches()
        masters = cluster.master_addresses
        async with (
            asyncio.timeout(60),
            serving() as server,
            SchedulerDriver(launches, "fetching", masters) as driver,
        ):
            server.pages = {"/a.tgz": tar(a_file("bin/x", b"exit 3", mode=0o755), mode="w:gz")}
            await launches.run("good", "sh bin/x", server.uri("/a.tgz"))
            good = await launches.end()
            assert good.message == "Command exited with status 3"

            await launches.run("bad", "true", server.uri("/missing"))
            bad = await launches.end()
            assert (bad.state, bad.reason) == (
                TaskState.FAILED,
                StatusReason.CONTAINER_LAUNCH_FAILED,
            )
            assert f"http://{server.address}/missing" in bad.message
            assert "answered 404" in bad.message

            await launches.run("killed", "true", server.uri("/slow"))
            await server.is_waiting.wait()
            driver.kill(TaskId("killed"))
            killed = await launches.end()
            assert killed.state is TaskState.KILLED

    asyncio.run(story())


def test_an_agent_killed_while_it_fetches_never_starts_that_task(cluster: ClusterFile) -> None:
    ran = cluster.folder / "ran"

    async def story() -> None:
        launches = Launches()
        async with (
            asyncio.timeout(60),
            serving() as server,
            SchedulerDriver(launches, "fetching", cluster.master_addresses),
        ):
            await launches.run("t", f"touch {ran}", server.uri("/slow"))
            await server.is_waiting.wait()
            kill_member(cluster_in(cluster.folder), cluster.agents[0].id)
            await revive(cluster.folder)
            end = await launches.end()
            assert (end.state, end.reason) == (TaskState.DROPPED, StatusReason.AGENT_RESTARTED)
            assert (len(server.asked), ran.exists()) == (1, False)

    asyncio.run(story())
