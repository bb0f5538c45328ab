"""The same Python client for both sides: grpc.aio, so many writes under way on one channel."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

import grpc

from replication.engine import entry
from tests.bench.replication.cluster import Cluster, unary
from tests.bench.replication.measured import Measured, measured
from tests.bench.replication.replicas import Replicas
from tests.bench.replication.service import COMMITTED


async def load_unary(
    cluster: Cluster, name: str, *, outstanding: int, seconds: float, size_bytes: int
) -> Measured:
    latencies_s: list[float] = []
    failed = 0
    request = cluster.put_request(b"x" * size_bytes)
    async with grpc.aio.insecure_channel(cluster.address(name)) as channel:
        put = unary(channel, cluster.put_method)
        await put(request)
        ends_s = time.perf_counter() + seconds

        async def keep_writing() -> None:
            nonlocal failed
            while (began_s := time.perf_counter()) < ends_s:
                answer = await put(request)
                now_s = time.perf_counter()
                if not cluster.is_committed(answer):
                    failed += 1
                elif now_s <= ends_s:
                    latencies_s.append(now_s - began_s)

        await asyncio.gather(*(keep_writing() for _ in range(outstanding)))
    return measured(outstanding, latencies_s, seconds, failed)


async def load_stream(
    replicas: Replicas, name: str, *, outstanding: int, seconds: float, size_bytes: int
) -> Measured:
    """One stream. What may be sent by the time that the stream takes more goes as one message."""
    latencies_s: list[float] = []
    failed = 0
    command = b"x" * size_bytes
    room = asyncio.Semaphore(outstanding)
    sent_s: deque[float] = deque()
    ends_s = time.perf_counter() + seconds

    async def commands() -> AsyncIterator[bytes]:
        while time.perf_counter() < ends_s:
            await room.acquire()
            gathered = 1
            while not room.locked():
                await room.acquire()
                gathered += 1
            sent_s.extend([time.perf_counter()] * gathered)
            yield entry.pack([command] * gathered)

    async with grpc.aio.insecure_channel(replicas.address(name)) as channel:
        stream: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
            replicas.stream_method, None, None
        )
        async for outcomes in stream(commands()):
            now_s = time.perf_counter()
            for outcome in outcomes:
                began_s = sent_s.popleft()
                room.release()
                if outcome != COMMITTED[0]:
                    failed += 1
                elif now_s <= ends_s:
                    latencies_s.append(now_s - began_s)
            if now_s >= ends_s and not sent_s:
                break
    return measured(outstanding, latencies_s, seconds, failed)
