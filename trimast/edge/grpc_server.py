"""A gRPC server as every process of the cluster keeps it."""

from typing import Final

import grpc.aio

from trimast.edge.listening import CannotListen

MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
RPCS_MAX: Final = 4_000

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    # Two processes on one port would each get half of the calls, and nobody would be told.
    ("grpc.so_reuseport", 0),
    # A peer that has vanished without a word is noticed within 3 + 2 seconds.
    ("grpc.keepalive_time_ms", 3_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Clients ping as often; without this a server takes that for an attack and hangs up.
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
)


def new_grpc_server(*, rpcs_max: int = RPCS_MAX) -> grpc.aio.Server:
    """Add services to it, then `start_grpc_server`.

    Args:
        rpcs_max: calls and streams open at a time; more are answered RESOURCE_EXHAUSTED.
    """
    return grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=rpcs_max)


async def start_grpc_server(server: grpc.aio.Server, *, host: str, port: int) -> int:
    """The port, which is a free one if `port` is 0. Raises CannotListen."""
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        reason = "address already in use, or not an address of this machine"
        raise CannotListen("gRPC", host, port, reason) from error
    if bound == 0:
        raise CannotListen("gRPC", host, port, "address already in use")
    await server.start()
    return bound
