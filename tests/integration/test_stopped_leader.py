"""A leader that is frozen and wakes up: another leads by then, and nobody obeys the old one."""

import asyncio
import json
import signal
import urllib.request
from typing import Any

from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.processes import send

FROZEN_S = 10.0


def health_of(master: Master) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{master.http}/health", timeout=5) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer


def connected_agents(master: Master) -> float:
    with urllib.request.urlopen(f"http://{master.http}/metrics", timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    [line] = (line for line in lines if line.startswith("trimast_master_agents_connected "))
    return float(line.split()[1])


async def other_leader(cluster: ClusterFile, old: Master) -> Master:
    # A frozen process keeps its connections: it may seem to lead for a moment longer.
    while (leader := await leader_of(cluster, 10)).id == old.id:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return leader


def test_a_leader_that_slept_leads_nobody_when_it_wakes(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=2)

    async def story() -> None:
        holder = WatchedHolder(4, cluster.folder / "long.ledger")
        async with asyncio.timeout(60), driver_for(holder, cluster):
            processes = await all_started(holder)
            old = await leader_of(cluster, 10)
            assert old.process is not None
            epoch = health_of(old)["epoch"]
            send(old.process, signal.SIGSTOP)
            try:
                new = await other_leader(cluster, old)
                await holder.again.wait()
                earlier = len(holder.offers_seen)
                await asyncio.sleep(FROZEN_S)
                # The agents have left it too, although their connections to it stand.
                assert connected_agents(new) == 2
            finally:
                send(old.process, signal.SIGCONT)
            # From its first answer on, the woken one follows.
            assert health_of(old)["leading"] is False
            while health_of(old)["epoch"] < health_of(new)["epoch"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            health = health_of(new)
            assert (health["leading"], health["epoch"]) == (True, epoch + 1)
            # Nothing came of what it may have said: no second start, no end, no offer of its.
            holder.assert_untouched(processes)
            own = f"{cluster.name}-{epoch + 1}-"
            assert all(offer_id.startswith(own) for offer_id in holder.offers_seen[earlier:])

    asyncio.run(story())
