"""Masters that only answer who leads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.edge.grpc_server import new_grpc_server, start_grpc_server


class Answering(cluster_pb2_grpc.ClusterServicer):
    """
    Attributes:
        reply: what it says; may be changed at any time.
        asked: how often it was asked.
    """

    def __init__(self, reply: cluster_pb2.WhoLeadsReply) -> None:
        self.reply = reply
        self.asked = 0
        self.address = ""

    async def WhoLeads(  # noqa: N802 (named in the .proto)
        self,
        request: cluster_pb2.WhoLeadsRequest,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> cluster_pb2.WhoLeadsReply:
        self.asked += 1
        return self.reply


@asynccontextmanager
async def master(port: int = 0, **says: Any) -> AsyncIterator[Answering]:
    answering = Answering(cluster_pb2.WhoLeadsReply(**says))  # type: ignore[abstract]
    server = new_grpc_server()
    cluster_pb2_grpc.add_ClusterServicer_to_server(answering, server)
    bound = await start_grpc_server(server, host="127.0.0.1", port=port)
    answering.address = f"127.0.0.1:{bound}"
    try:
        yield answering
    finally:
        await server.stop(None)
