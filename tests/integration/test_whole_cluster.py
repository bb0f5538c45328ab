"""All masters gone, or all agents: nothing that runs notices, and what was known is known."""

import asyncio

from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from trimast.cli.agents import agent_rows
from trimast.cli.connecting import Masters
from trimast.cli.frameworks import framework_rows
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, cluster_in, kill_member, revive
from trimast.cli.local_cluster.processes import is_alive, launchers_under
from trimast.cli.tasks import task_rows

Rows = tuple[list[str], list[str], list[str]]


async def registry_of_leader(cluster: ClusterFile) -> Rows:
    masters = Masters(tuple(cluster.master_addresses), 10)
    agents = await agent_rows(masters)
    frameworks = await framework_rows(masters, completed=True)
    tasks = await task_rows(masters, framework_id="", completed=True)
    return (
        sorted(f"{row['id']} {row['state']} {row['used']}" for row in agents),
        sorted(f"{row['id']} {row['used']}" for row in frameworks),
        sorted(f"{row['id']} {row['state']} {row['agent_id']} {row['fence']}" for row in tasks),
    )


def test_agents_that_die_come_back_to_their_tasks(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=2)

    async def story() -> None:
        holder = WatchedHolder(6, cluster.folder / "long.ledger")
        async with asyncio.timeout(60), driver_for(holder, cluster):
            processes = await all_started(holder)
            before = await registry_of_leader(cluster)
            for agent in cluster.agents:
                kill_member(cluster_in(cluster.folder), agent.id)
            await revive(cluster.folder)
            assert await registry_of_leader(cluster_in(cluster.folder)) == before
            holder.assert_untouched(processes)

    asyncio.run(story())


def test_down_leaves_nothing_even_of_agents_that_are_dead(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=2)

    async def story() -> None:
        holder = WatchedHolder(4, cluster.folder / "long.ledger")
        async with asyncio.timeout(60), driver_for(holder, cluster) as driver:
            processes = await all_started(holder)
            kill_member(cluster_in(cluster.folder), cluster.agents[0].id)
            driver.stop(failover=True)
        assert len(list(launchers_under(cluster.folder))) == 2
        assert all(is_alive(starts[0]) for starts in processes.values())
        bring_down(cluster.folder, grace_s=5)
        assert not any(is_alive(starts[0]) for starts in processes.values())
        assert list(launchers_under(cluster.folder)) == []

    asyncio.run(story())


def test_a_cluster_whose_masters_all_die_goes_on_where_it_was(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=3, agents=2)

    async def story() -> None:
        holder = WatchedHolder(6, cluster.folder / "long.ledger")
        async with asyncio.timeout(60), driver_for(holder, cluster):
            processes = await all_started(holder)
            before = await registry_of_leader(cluster)
            for master in cluster.masters:
                kill_member(cluster_in(cluster.folder), master.id)
            holder.again.clear()
            await revive(cluster.folder)
            assert await registry_of_leader(cluster_in(cluster.folder)) == before
            await holder.again.wait()
            holder.assert_untouched(processes)

    asyncio.run(story())
