"""All masters gone, or all agents: nothing that runs notices, and what was known is known."""

import asyncio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import bring_down, cluster_in, kill_member, revive
from trimast.cli.local_cluster.processes import is_alive, launchers_under
from trimast.edge.grpc_channel import open_channel

Rows = tuple[list[str], list[str], list[str]]


async def registry_of_leader(cluster: ClusterFile) -> Rows:
    leader = await leader_of(cluster, 10)
    async with open_channel(leader.grpc) as channel:
        stub = cluster_pb2_grpc.ClusterStub(channel)
        agents = await stub.ListAgents(cluster_pb2.ListAgentsRequest())
        frameworks = await stub.ListFrameworks(cluster_pb2.ListFrameworksRequest(completed=True))
        tasks = await stub.ListTasks(cluster_pb2.ListTasksRequest(completed=True))
    return (
        sorted(f"{row.id} {row.state} {row.used}" for row in agents.agents),
        sorted(f"{row.id} {row.used}" for row in frameworks.frameworks),
        sorted(f"{row.id} {row.state} {row.agent_id} {row.fence}" for row in tasks.tasks),
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
