"""Which master of a local cluster leads."""

from random import Random

from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.edge.leader_finder import LeaderFinder


async def leader_of(cluster: ClusterFile, timeout_s: float) -> Master:
    """
    Raises:
        NoLeader: nobody leads within the time.
    """
    finder = LeaderFinder(cluster.master_addresses, random=Random())
    try:
        leader = await finder.find(timeout_s)
    finally:
        await finder.close()
    [master] = (each for each in cluster.masters if each.id == leader.master_id)
    return master
