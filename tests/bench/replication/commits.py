"""Durable commits a second and how long each takes, from one to 1024 under way."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.replication import clients, h2load
from tests.bench.replication.cluster import up
from tests.bench.replication.etcd import Etcd
from tests.bench.replication.measured import Measured, median_of
from tests.bench.replication.replicas import Replicas

SIZE_BYTES: Final = 256
_WARM_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of client against one cluster.

    Attributes:
        beside: the way of the peer that it is held against; None for the peer's own.
    """

    cluster: str
    name: str
    beside: str | None
    results: dict[int, Measured]


async def bench(
    folder: Path, peer: Etcd | None, *, outstanding: Sequence[int], seconds: float, rounds: int
) -> list[Way]:
    """Both are up all the time, and loaded by turns: what slows one slows the other."""
    replicas = Replicas(folder)
    async with (
        up(replicas),
        up(peer),
    ):
        ours = await replicas.wait_until_whole()

        async def inside(number: int, seconds: float) -> Measured:
            return await replicas.load(
                ours, outstanding=number, seconds=seconds, size_bytes=SIZE_BYTES
            )

        async def unary(number: int, seconds: float) -> Measured:
            return await clients.load_unary(
                replicas, ours, outstanding=number, seconds=seconds, size_bytes=SIZE_BYTES
            )

        async def stream(number: int, seconds: float) -> Measured:
            return await clients.load_stream(
                replicas, ours, outstanding=number, seconds=seconds, size_bytes=SIZE_BYTES
            )

        loads: list[tuple[Way, _Load]] = []
        if peer is not None:
            theirs = await peer.wait_until_whole()

            async def native(number: int, seconds: float) -> Measured:
                assert peer is not None
                return await h2load.load(
                    peer, theirs, folder, outstanding=number, seconds=seconds, size_bytes=SIZE_BYTES
                )

            async def put(number: int, seconds: float) -> Measured:
                assert peer is not None
                return await clients.load_unary(
                    peer, theirs, outstanding=number, seconds=seconds, size_bytes=SIZE_BYTES
                )

            if h2load.is_there():
                loads.append((Way("etcd", "h2load", None, {}), native))
            loads.append((Way("etcd", "grpc.aio", None, {}), put))
        loads += [
            (Way("trimast", "in the leader", "h2load", {}), inside),
            (Way("trimast", "grpc.aio unary", "grpc.aio", {}), unary),
            (Way("trimast", "grpc.aio stream", "grpc.aio", {}), stream),
        ]
        for number in outstanding:
            for _, load in loads:
                await load(number, _WARM_S)
            runs: list[list[Measured]] = [[] for _ in loads]
            for _ in range(rounds):
                for at, (_, load) in enumerate(loads):
                    runs[at].append(await load(number, seconds))
            for (way, _), of_way in zip(loads, runs, strict=True):
                way.results[number] = median_of(of_way)
        return [way for way, _ in loads]


_Load = Callable[[int, float], Awaitable[Measured]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Attributes:
    best_rate: our best rate over the peer's best.
    sequential_p50: our median with one under way over the peer's; None if that was not measured.
    """

    way: str
    beside: str
    best_rate: float
    sequential_p50: float | None


def ratios(ways: Sequence[Way]) -> list[Ratio]:
    peers = {way.name: way for way in ways if way.beside is None}
    found: list[Ratio] = []
    for way in ways:
        if way.beside is None or way.beside not in peers:
            continue
        peer = peers[way.beside]
        best = max(each.rate for each in way.results.values())
        peer_best = max(each.rate for each in peer.results.values())
        p50 = round(way.results[1].p50_ms / peer.results[1].p50_ms, 2) if 1 in way.results else None
        found.append(Ratio(way.name, f"etcd, {peer.name}", round(best / peer_best, 2), p50))
    return found
