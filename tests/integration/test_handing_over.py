"""A leader that is asked to, or told to end, has another one lead first."""

import asyncio
import os
import signal
import time

from protos.trimast.v1 import cluster_pb2
from tests.integration.conftest import StartCluster
from tests.integration.registry_client import RegistryClient
from trimast.cli.connecting import Masters, the_leader
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.processes import is_alive
from trimast.cli.portions import portions


async def frameworks_of_the_leader(cluster: ClusterFile) -> set[str]:
    async with the_leader(Masters(tuple(cluster.master_addresses), 10)) as leader:
        call = leader.ListFrameworks(cluster_pb2.ListFrameworksRequest(completed=True))
        replies = [reply async for reply in portions(call, silence_max_s=10)]
    assert all(reply.leading for reply in replies)
    return {row.id for reply in replies for row in reply.frameworks}


def test_leadership_goes_where_the_operator_says(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        client = RegistryClient(cluster)
        try:
            for number in range(6):
                old = await leader_of(cluster, 10)
                assert await client.write(f"w-{number}")
                to = next(master.id for master in cluster.masters if master.id != old.id)
                async with the_leader(Masters(tuple(cluster.master_addresses), 10)) as leader:
                    request = cluster_pb2.TransferLeadershipRequest(to=to)
                    reply = await leader.TransferLeadership(request, timeout=5)
                assert reply.leader_id == to
                assert (await leader_of(cluster, 10)).id == to
                assert await frameworks_of_the_leader(cluster) >= set(client.acknowledged)
        finally:
            await client.close()

    asyncio.run(story())


def test_a_leader_that_is_told_to_end_hands_over(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        old = await leader_of(cluster, 10)
        assert old.process is not None
        began_s = time.monotonic()
        os.kill(old.process.pid, signal.SIGTERM)
        while (await leader_of(cluster, 10)).id == old.id:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        assert time.monotonic() - began_s < 2.0
        while is_alive(old.process):
            assert time.monotonic() - began_s < 5.0
            await asyncio.sleep(0.02)
        [log] = cluster.folder.rglob(f"{old.id}*.log")
        assert "hand_over=handed_over" in log.read_text(encoding="utf-8")

    asyncio.run(story())
