"""kill -9 of any master at any time: what was acknowledged is there, on every master, for good."""

import asyncio
import itertools
from random import Random

from tests.integration.conftest import StartCluster
from tests.integration.registry_client import RegistryClient, until_all_have
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive, start_one
from trimast.cli.local_cluster.processes import is_alive

KILLS = 12
SEED = 20


async def write_while_masters_die(cluster: ClusterFile, random: Random) -> list[str]:
    """One writer, and a killer that leaves a quorum: leaders and followers, at random moments."""
    client = RegistryClient(cluster)
    killing_is_over = asyncio.Event()

    async def write_on() -> None:
        for number in itertools.count():
            if killing_is_over.is_set():
                return
            await client.write(f"w-{number}")

    async def kill_on() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.0, 0.7))
            current = cluster_in(cluster.folder)
            dead = [m for m in current.masters if not is_alive(m.process)]
            if dead:
                start_one(current, dead[0].id)
            else:
                kill_member(current, random.choice(current.masters).id)
        killing_is_over.set()

    try:
        async with asyncio.timeout(90), asyncio.TaskGroup() as group:
            group.create_task(write_on())
            group.create_task(kill_on())
    finally:
        await client.close()
    return client.acknowledged


async def read_back(cluster: ClusterFile, wanted: set[str]) -> None:
    client = RegistryClient(cluster)
    try:
        async with asyncio.timeout(30):
            await until_all_have(client, cluster, wanted)
    finally:
        await client.close()


def test_every_acknowledged_write_outlives_any_kill(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=0)
    acknowledged = asyncio.run(write_while_masters_die(cluster, Random(SEED)))
    assert len(acknowledged) > 50
    asyncio.run(revive(cluster.folder))
    asyncio.run(read_back(cluster_in(cluster.folder), set(acknowledged)))
    # And from the disks alone: all of them dead at once, and started again.
    for master in cluster_in(cluster.folder).masters:
        kill_member(cluster_in(cluster.folder), master.id)
    asyncio.run(revive(cluster.folder))
    asyncio.run(read_back(cluster_in(cluster.folder), set(acknowledged)))


def test_a_single_master_keeps_what_it_acknowledged(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=0)

    async def write_some() -> list[str]:
        client = RegistryClient(cluster)
        try:
            for number in range(20):
                assert await client.write(f"w-{number}")
        finally:
            await client.close()
        return client.acknowledged

    acknowledged = asyncio.run(write_some())
    kill_member(cluster_in(cluster.folder), "m1")
    asyncio.run(revive(cluster.folder))
    asyncio.run(read_back(cluster_in(cluster.folder), set(acknowledged)))
