"""A gRPC channel as every process of the cluster opens it: quick to notice, quick to come back."""

from typing import Final

import grpc.aio

from trimast.edge.grpc_server import MESSAGE_BYTES_MAX

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.keepalive_time_ms", 3_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    # Despite its name: how long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    # Masters and agents are reached directly, whatever proxy the environment names.
    ("grpc.enable_http_proxy", 0),
)


def open_channel(address: str) -> grpc.aio.Channel:
    """To `host:port`. Connects when it is first used, and again whenever it has to."""
    return grpc.aio.insecure_channel(address, options=_OPTIONS)
