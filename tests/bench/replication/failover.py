"""From the leader's end to the first write that is committed again, trial after trial."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

import grpc

from tests.bench.replication.cluster import NAMES, Cluster, unary

WAYS: Final = {"kill -9": signal.SIGKILL, "SIGSTOP": signal.SIGSTOP}
_EVERY_S: Final = 0.01
_TIMEOUT_S: Final = 1.0
_GIVES_UP_S: Final = 60.0
_REST_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Blackouts:
    cluster: str
    way: str
    durations_s: tuple[float, ...]


async def bench(cluster: Cluster, way: str, *, trials: int, random: Random) -> Blackouts:
    """The cluster is whole before each trial, and has rested for some random time."""
    durations_s: list[float] = []
    for _ in range(trials):
        leader = await cluster.wait_until_whole()
        await asyncio.sleep(_REST_S * (1 + random.random()))
        async with writing(cluster) as writes:
            await writes.first_after(time.monotonic())
            began_s = time.monotonic()
            writes.leave_out(leader)
            if WAYS[way] is signal.SIGKILL:
                cluster.kill(leader)
            else:
                cluster.signal(leader, WAYS[way])
            try:
                durations_s.append(await writes.first_after(began_s) - began_s)
            finally:
                if WAYS[way] is signal.SIGKILL:
                    cluster.start_one(leader)
                else:
                    cluster.signal(leader, signal.SIGCONT)
    return Blackouts(cluster.title, way, tuple(durations_s))


class Writes:
    """Each living member is asked for a write all the time, answered or not.

    A write that was asked for before a leader's end may hang in what went down with it; so only
    those count that were asked for afterwards.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._living = set(NAMES)
        self._committed: asyncio.Queue[tuple[float, float]] = asyncio.Queue()

    def leave_out(self, name: str) -> None:
        self._living.discard(name)

    async def first_after(self, asked_s: float) -> float:
        """When the first write was committed that was asked for after this."""
        async with asyncio.timeout(_GIVES_UP_S):
            while True:
                began_s, ended_s = await self._committed.get()
                if began_s >= asked_s:
                    return ended_s

    async def keep_writing(self, name: str) -> None:
        pending: set[asyncio.Task[None]] = set()
        async with grpc.aio.insecure_channel(self._cluster.address(name)) as channel:
            put = unary(channel, self._cluster.put_method)
            while name in self._living:
                task = asyncio.create_task(self._write(put))
                pending.add(task)
                task.add_done_callback(pending.discard)
                await asyncio.sleep(_EVERY_S)
            for task in pending:
                task.cancel()

    async def _write(self, put: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]") -> None:
        began_s = time.monotonic()
        try:
            answer = await put(self._cluster.put_request(b"x" * 256), timeout=_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return
        if self._cluster.is_committed(answer):
            self._committed.put_nowait((began_s, time.monotonic()))


@asynccontextmanager
async def writing(cluster: Cluster) -> AsyncIterator[Writes]:
    writes = Writes(cluster)
    tasks = [asyncio.create_task(writes.keep_writing(name)) for name in NAMES]
    try:
        yield writes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
