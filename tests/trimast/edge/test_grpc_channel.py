import asyncio

import grpc.aio
import pytest

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from tests.trimast.edge.cluster_of_fakes import master
from trimast.edge.clock import monotonic_ms
from trimast.edge.grpc_channel import open_channel


def test_it_is_back_soon_after_its_server_is() -> None:
    async def main() -> None:
        async with master(master_id="m") as answering:
            address = answering.address
            channel = open_channel(address)
            stub = cluster_pb2_grpc.ClusterStub(channel)
            await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=5)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=5)
        async with master(port=int(address.rpartition(":")[2]), master_id="m"):
            began_ms = monotonic_ms()
            await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=5, wait_for_ready=True)
            assert monotonic_ms() - began_ms < 2_000
        await channel.close()

    asyncio.run(main())
