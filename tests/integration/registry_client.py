"""Writes to a real cluster, one acknowledged write at a time, and reads them back."""

import asyncio
from random import Random

import grpc.aio

from protos.mesos.v1.scheduler import scheduler_pb2
from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc, scheduler_link_pb2_grpc
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.portions import portions
from trimast.edge.leader_finder import LeaderFinder, NoLeader


def subscription(framework_id: str) -> scheduler_pb2.Call:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.SUBSCRIBE)
    call.framework_id.value = framework_id
    info = call.subscribe.framework_info
    info.user, info.name, info.failover_timeout = "", "written", 3_600.0
    info.id.value = framework_id
    return call


class RegistryClient:
    """Its writes are subscriptions: one is acknowledged by the SUBSCRIBED that comes back."""

    def __init__(self, cluster: ClusterFile) -> None:
        self._finder = LeaderFinder(cluster.master_addresses, random=Random(1))
        self.acknowledged: list[str] = []

    async def write(self, framework_id: str) -> bool:
        """False if nobody acknowledged it: it may be there or not."""
        try:
            leader = await self._finder.find(5)
            channel = self._finder.channel(leader.grpc)
            stub = scheduler_link_pb2_grpc.SchedulerLinkStub(channel)
            stream = stub.Subscribe(timeout=2)
            await stream.write(subscription(framework_id))
            event = await stream.read()
            stream.cancel()
        except (NoLeader, grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return False
        if not isinstance(event, scheduler_pb2.Event):
            return False
        assert event.type == scheduler_pb2.Event.SUBSCRIBED
        self.acknowledged.append(framework_id)
        return True

    async def frameworks_on(self, master: Master) -> set[str]:
        stub = cluster_pb2_grpc.ClusterStub(self._finder.channel(master.grpc))
        request = cluster_pb2.ListFrameworksRequest(completed=True)
        call = stub.ListFrameworks(request)
        return {
            row.id async for reply in portions(call, silence_max_s=5) for row in reply.frameworks
        }

    async def close(self) -> None:
        await self._finder.close()


async def until_all_have(client: RegistryClient, cluster: ClusterFile, wanted: set[str]) -> None:
    """Every master has every one of `wanted`, in the end; fails by the caller's timeout."""
    for master in cluster.masters:
        while not wanted <= await client.frameworks_on(master):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
