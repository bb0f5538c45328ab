"""Disks that fail, fill up, hang and lie under running masters: what was acknowledged is there.

strace stands between one master and its kernel, and answers some of its calls itself.
"""

import asyncio
import itertools
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.conftest import StartCluster
from tests.integration.registry_client import RegistryClient, until_all_have
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive, start_one
from trimast.cli.local_cluster.processes import is_alive
from trimast.cli.local_cluster.starting import log_of

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: it makes the disk fail"
)

STORY_S = 40
DELAY_US = 300_000


class Writer:
    """Writes one after the other, all the time.

    Attributes:
        took_s: of each acknowledged write.
    """

    def __init__(self, cluster: ClusterFile) -> None:
        self.client = RegistryClient(cluster)
        self.took_s: list[float] = []
        self._one_more = asyncio.Event()

    async def write_on(self) -> None:
        for number in itertools.count():
            began_s = time.monotonic()
            if await self.client.write(f"w-{number}"):
                self.took_s.append(time.monotonic() - began_s)
                self._one_more.set()

    async def until_more(self, count: int) -> None:
        """So many more were acknowledged."""
        wanted = len(self.took_s) + count
        while len(self.took_s) < wanted:
            self._one_more.clear()
            await self._one_more.wait()


@asynccontextmanager
async def writing(cluster: ClusterFile) -> AsyncIterator[Writer]:
    """Until the end of the block; all must be acknowledged by then, and found on each master."""
    writer = Writer(cluster)
    task = asyncio.create_task(writer.write_on())
    try:
        async with asyncio.timeout(STORY_S):
            await writer.until_more(5)
            yield writer
            await writer.until_more(5)
            task.cancel()
            await asyncio.wait([task])
            await revive(cluster.folder)
            current = cluster_in(cluster.folder)
            await until_all_have(writer.client, current, set(writer.client.acknowledged))
    finally:
        task.cancel()
        await writer.client.close()


@asynccontextmanager
async def injected(
    master: Master, trace: Path, fault: str, *, path: Path | None = None
) -> AsyncIterator[None]:
    """
    Args:
        fault: as `strace --inject` takes it.
        path: calls for this file alone; None: for all.
    """
    assert master.process is not None
    only = ["-P", str(path)] if path is not None else []
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-o", str(trace), "-e", f"trace={fault.partition(':')[0]}", *only),
        *("-e", f"inject={fault}", "-p", str(master.process.pid)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert strace.stderr is not None
    said = await strace.stderr.readline()
    assert b"attached" in said, said.decode()
    try:
        yield
    finally:
        if strace.returncode is None:
            # It lets go of who lives; now and then it waits on for one that is dead already.
            strace.terminate() if is_alive(master.process) else strace.kill()
        await strace.communicate()


async def until_dead(master: Master) -> None:
    while is_alive(master.process):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def leader(cluster: ClusterFile) -> Master:
    return await leader_of(cluster, 10)


async def follower(cluster: ClusterFile) -> Master:
    leads = await leader(cluster)
    return next(master for master in cluster.masters if master.id != leads.id)


def changes_of_leader(cluster: ClusterFile) -> int:
    logs = [log_of(cluster, master).read_text(encoding="utf-8") for master in cluster.masters]
    return sum(text.count("raft_leadership_gained") for text in logs)


Chosen = Callable[[ClusterFile], Awaitable[Master]]


@pytest.mark.parametrize("chosen", [leader, follower])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("fdatasync:error=EIO:when=3+", "disk_failed"),
        ("pwrite64:error=ENOSPC:when=5+", "disk_full"),
    ],
)
def test_a_master_whose_disk_fails_ends_by_name_and_tries_nothing_again(
    start_cluster: StartCluster, tmp_path: Path, chosen: Chosen, fault: str, cause: str
) -> None:
    """And the others go on; back again, it catches up."""
    cluster = start_cluster(masters=3, agents=0)
    trace = tmp_path / "trace"

    async def story() -> None:
        async with writing(cluster) as writer:
            victim = await chosen(cluster)
            async with injected(victim, trace, fault):
                await until_dead(victim)
            await writer.until_more(10)
            for master in cluster.masters:
                if master.id != victim.id:
                    assert await writer.client.frameworks_on(master)
            start_one(cluster_in(cluster.folder), victim.id)
            await writer.until_more(10)
        assert f"cause={cause}" in log_of(cluster, victim).read_text(encoding="utf-8")

    asyncio.run(story())
    assert trace.read_text(encoding="utf-8").count("(INJECTED)") == 1


def test_a_disk_that_lies_about_a_write_costs_nothing_that_was_acknowledged(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    """It says that it took one byte, and took none: the rest is written behind a hole."""
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with writing(cluster) as writer:
            victim = await follower(cluster)
            async with injected(victim, tmp_path / "trace", "pwrite64:retval=1:when=3"):
                await writer.until_more(20)
            kill_member(cluster_in(cluster.folder), victim.id)
            start_one(cluster_in(cluster.folder), victim.id)

    asyncio.run(story())


def test_a_leader_killed_in_a_sync_loses_nothing_that_was_acknowledged(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with writing(cluster) as writer:
            for when in (2, 7):
                victim = await leader(cluster_in(cluster.folder))
                trace = tmp_path / f"trace-{when}"
                async with injected(victim, trace, f"fdatasync:signal=KILL:when={when}"):
                    await until_dead(victim)
                await writer.until_more(10)
                start_one(cluster_in(cluster.folder), victim.id)
                await writer.until_more(10)

    asyncio.run(story())


def test_a_follower_with_a_slow_disk_slows_nobody(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with writing(cluster) as writer:
            before = changes_of_leader(cluster)
            victim = await follower(cluster)
            fault = f"fdatasync:delay_enter={DELAY_US}"
            async with injected(victim, tmp_path / "trace", fault):
                writer.took_s.clear()
                await writer.until_more(40)
                assert statistics.median(writer.took_s) < DELAY_US / 1e6 / 2
            assert changes_of_leader(cluster) == before

    asyncio.run(story())


def test_a_leader_with_a_slow_disk_holds_up_no_write_for_long(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with writing(cluster) as writer:
            victim = await leader(cluster)
            fault = f"fdatasync:delay_enter={DELAY_US}"
            async with injected(victim, tmp_path / "trace", fault):
                writer.took_s.clear()
                await writer.until_more(40)
                assert max(writer.took_s) < 2.0

    asyncio.run(story())


def test_a_term_that_cannot_be_kept_ends_the_master(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with writing(cluster) as writer:
            victim, old = await follower(cluster), await leader(cluster)
            term_file = cluster.folder / victim.id / "term.a"
            fault = "fdatasync:error=EIO"
            async with injected(victim, tmp_path / "trace", fault, path=term_file):
                kill_member(cluster_in(cluster.folder), old.id)
                await until_dead(victim)
            start_one(cluster_in(cluster.folder), old.id)
            await writer.until_more(10)
            start_one(cluster_in(cluster.folder), victim.id)
        assert "cause=disk_failed" in log_of(cluster, victim).read_text(encoding="utf-8")

    asyncio.run(story())
