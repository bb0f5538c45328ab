"""Commands beside real tasks: as the task's user, in its sandbox, and gone when nobody listens."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.agent.edge import patience
from tests.integration.conftest import StartCluster
from tests.integration.launches import Launches
from tests.trimast.cli.command import ROOT, trimast
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.framework import SchedulerDriver, TaskState


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def cluster(start_cluster: StartCluster) -> ClusterFile:
    return start_cluster(masters=1, agents=1)


def test_a_command_runs_beside_a_task(cluster: ClusterFile) -> None:
    async def story() -> None:
        launches = Launches()
        to = ("--master", cluster.master_addresses[0])
        async with asyncio.timeout(90), SchedulerDriver(launches, "exec", to[1]):
            await launches.run("t", "echo here > mark; exec sleep 600")
            while (await launches.updates.get()).state is not TaskState.RUNNING:
                pass
            box = next(cluster.folder.glob("a1/slaves/*/frameworks/*/executors/t/runs/latest"))
            await patience.until((box / "mark").exists)
            run = ("task", "exec", "t", *to, "--")
            both = await trimast(*run, "sh", "-c", 'cat mark; echo "$MESOS_TASK_ID" >&2; exit 7')
            assert (both.code, both.out, both.err) == (7, "here\n", "t\n")
            by_signal = await trimast(*run, "sh", "-c", "kill -9 $$")
            assert by_signal.code == 137
            much = await trimast(*run, "head", "-c", "3000000", "/dev/zero")
            assert (much.code, len(much.out)) == (0, 3_000_000)
            missing = await trimast(*run, "no-such-program")
            assert (missing.code, missing.err) == (
                127,
                "no-such-program: No such file or directory\n",
            )

            # Of an earlier life of the agent it is known as well.
            kill_member(cluster_in(cluster.folder), cluster.agents[0].id)
            await revive(cluster.folder)
            again = await trimast(*run, "sh", "-c", 'echo "$MESOS_TASK_ID"')
            assert again.out == "t\n"
            await check_browsers_are_refused(cluster, box)
            reader, pid = await a_command_that_reads(to[1], box)
            reader.kill()
            await patience.until(lambda: not is_alive(pid))
            await reader.wait()
            reader, pid = await a_command_that_reads(to[1], box)
            kill_member(cluster_in(cluster.folder), cluster.agents[0].id)
            await patience.until(lambda: not is_alive(pid))
            assert await reader.wait() == 1

    asyncio.run(story())


async def a_command_that_reads(master: str, box: Path) -> tuple[asyncio.subprocess.Process, int]:
    """What waits for it, and its own number."""
    line = "read line; echo got $line; echo $$ > pid; exec sleep 600"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "trimast.cli", "task", "exec", "t", "-i"),
        *("--master", master, "--", "sh", "-c", line),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"input\n")
    assert await process.stdout.readline() == b"got input\n"
    await patience.until(lambda: (box / "pid").exists() and bool((box / "pid").read_text()))
    pid = int((box / "pid").read_text())
    (box / "pid").unlink()
    assert is_alive(pid)
    return process, pid


async def check_browsers_are_refused(cluster: ClusterFile, box: Path) -> None:
    framework_id = box.parents[3].name
    url = f"http://{cluster_in(cluster.folder).agents[0].http}/exec/{framework_id}/t"
    async with aiohttp.ClientSession() as session:
        for headers, data, status in (
            ({"Origin": "http://evil"}, b'{"command": ["id"]}\n', 403),
            ({}, b"[]\n", 400),
            ({}, b'{"command": []}\n', 400),
            ({}, b'{"command": ["a\\u0000b"]}\n', 400),
            ({}, b"x" * 300_000, 400),
        ):
            async with session.post(url, headers=headers, data=data) as answer:
                assert answer.status == status
                assert json.loads(await answer.text())["error"]
        async with session.post(f"{url}-missing", data=b'{"command": ["id"]}\n') as answer:
            assert answer.status == 404
