"""A master whose disk was emptied, damaged or replaced by an old copy comes back by itself."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.changing_masters import members_by, start, voters
from tests.integration.conftest import StartCluster
from tests.integration.registry_client import RegistryClient, until_all_have
from tests.integration.test_disaster import trimast
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.cli.local_cluster.starting import log_of


def _emptied(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.rmtree(folder / victim)


def _flipped(folder: Path, victim: str) -> None:
    """A bit in the middle of the log."""
    kill_member(cluster_in(folder), victim)
    [log] = (folder / victim).glob("*.wal")
    data = bytearray(log.read_bytes())
    # The newest file of the log ends in zeros.
    data[len(data.rstrip(b"\0")) // 2] ^= 4
    log.write_bytes(data)


def _copy_of_an_earlier_life(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.copytree(folder / victim, folder / "copy")
    start(folder, victim)
    trimast("run", "--dir", str(folder), "--", "true")
    asyncio.run(revive(folder))
    _put_back(folder, victim)


def _copy_of_the_same_life(folder: Path, victim: str) -> None:
    """As an image of a virtual machine that runs."""
    process = cluster_in(folder).member(victim)
    assert process is not None
    assert process.process is not None
    os.kill(process.process.pid, signal.SIGSTOP)
    shutil.copytree(folder / victim, folder / "copy")
    os.kill(process.process.pid, signal.SIGCONT)
    trimast("run", "--dir", str(folder), "--", "true")
    asyncio.run(revive(folder))
    _put_back(folder, victim)


def _put_back(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.rmtree(folder / victim)
    shutil.move(folder / "copy", folder / victim)


@pytest.mark.parametrize(
    ("forget", "says"),
    [
        (_emptied, "configuration_begun"),
        (_flipped, "damage_set_aside"),
        (_copy_of_an_earlier_life, "disk_is_an_old_copy"),
        (_copy_of_the_same_life, "disk_is_an_old_copy"),
    ],
)
def test_a_member_whose_disk_has_forgotten_comes_back_by_itself(
    start_cluster: StartCluster, forget: Callable[[Path, str], None], says: str
) -> None:
    cluster = start_cluster(masters=3, agents=1)
    folder = cluster.folder

    async def story() -> None:
        client = RegistryClient(cluster)
        async with asyncio.timeout(90):
            leader = await leader_of(cluster, 10)
            victim = next(master for master in cluster.masters if master.id != leader.id)
            for number in range(20):
                await client.write(f"before-{number}")
            before = await members_by(cluster, victim.id)
            assert before.votes
            assert before.configuration == 1
            await asyncio.to_thread(forget, folder, victim.id)
            log_size = log_of(cluster, victim).stat().st_size
            start(folder, victim.id)
            while True:
                now = await members_by(cluster, victim.id)
                if now.votes and now.disk_id != before.disk_id:
                    break
                await asyncio.sleep(0.05)
            assert now.configuration > before.configuration
            assert await asyncio.to_thread(voters, folder) == ["m1", "m2", "m3"]
            assert says in log_of(cluster, victim).read_text(encoding="utf-8")[log_size:]
            # It counts: with another one gone, these two go on.
            kill_member(cluster_in(folder), (await leader_of(cluster, 10)).id)
            while not await client.write("after"):
                pass
            start_dead = await revive(folder)
            assert len(start_dead) == 1
            await until_all_have(client, cluster, set(client.acknowledged))
        await client.close()

    asyncio.run(story())
