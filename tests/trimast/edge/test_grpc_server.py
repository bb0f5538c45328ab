import asyncio

import grpc
import grpc.aio
import pytest

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from tests.trimast.edge.cluster_of_fakes import master
from trimast.edge.grpc_channel import open_channel
from trimast.edge.grpc_server import MESSAGE_BYTES_MAX, new_grpc_server, start_grpc_server
from trimast.edge.listening import CannotListen

Ask = grpc.aio.UnaryUnaryMultiCallable[cluster_pb2.WhoLeadsRequest, cluster_pb2.WhoLeadsReply]


def test_port_0_is_a_free_one_and_a_port_in_use_is_said_clearly() -> None:
    async def main() -> None:
        first, second = new_grpc_server(), new_grpc_server()
        port = await start_grpc_server(first, host="127.0.0.1", port=0)
        assert port > 0
        with pytest.raises(CannotListen, match=f"127.0.0.1:{port} for gRPC: address already in"):
            await start_grpc_server(second, host="127.0.0.1", port=port)
        await first.stop(None)

    asyncio.run(main())


def test_a_message_beyond_the_bound_is_refused_and_the_server_goes_on() -> None:
    async def main() -> None:
        async with master(master_id="m") as answering:
            channel = open_channel(answering.address)
            big = cluster_pb2.WhoLeadsReply(master_id="x" * (MESSAGE_BYTES_MAX + 1))
            ask: grpc.aio.UnaryUnaryMultiCallable[object, cluster_pb2.WhoLeadsReply] = (
                channel.unary_unary(
                    "/trimast.v1.Cluster/WhoLeads",
                    request_serializer=lambda message: big.SerializeToString(),
                    response_deserializer=cluster_pb2.WhoLeadsReply.FromString,
                )
            )
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await ask(cluster_pb2.WhoLeadsRequest(), timeout=5)
            assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            stub = cluster_pb2_grpc.ClusterStub(channel)
            reply = await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=5)
            assert reply.master_id == "m"
            await channel.close()

    asyncio.run(main())
