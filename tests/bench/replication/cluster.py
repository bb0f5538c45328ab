"""What the bench asks of a cluster of three processes, whosever it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import grpc.aio

NAMES = ("a", "b", "c")


class Cluster(Protocol):
    """Attributes:
    title: how it is called in a table.
    put_method: of a unary call that returns when the write is committed.
    """

    title: str
    put_method: str

    def put_request(self, value: bytes) -> bytes: ...

    def is_committed(self, answer: bytes) -> bool: ...

    def address(self, name: str) -> str:
        """Of the gRPC port of this one."""

    async def start(self) -> None:
        """All of them; returns when one leads and the others follow."""

    async def leader(self) -> str | None:
        """None: nobody leads, or nobody answers."""

    async def wait_until_whole(self) -> str:
        """All are up, and follow the one that is returned."""

    def start_one(self, name: str) -> None: ...

    def kill(self, name: str) -> None: ...

    def signal(self, name: str, number: int) -> None: ...

    def end(self) -> None:
        """All processes, at once."""


async def call(address: str, method: str, request: bytes, *, timeout_s: float) -> bytes:
    """Raises `grpc.aio.AioRpcError`. The answer as bytes."""
    async with grpc.aio.insecure_channel(address) as channel:
        return await unary(channel, method)(request, timeout=timeout_s)


def unary(
    channel: grpc.aio.Channel, method: str
) -> "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]":
    """Bytes in, bytes out."""
    return channel.unary_unary(method, None, None)


@asynccontextmanager
async def up(cluster: Cluster | None) -> AsyncIterator[None]:
    try:
        if cluster is not None:
            await cluster.start()
        yield
    finally:
        if cluster is not None:
            cluster.end()
