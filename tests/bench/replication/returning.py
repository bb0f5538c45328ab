"""A follower that was away for a million commands: what catching up costs the others."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.replication.cluster import NAMES
from tests.bench.replication.measured import Measured
from tests.bench.replication.replicas import Replicas

WHOLE_LOG: Final = {"snapshot_after_bytes": 1 << 40, "snapshot_after_entries": 1 << 40}
"""Settings with which all that was missed travels as entries, and not as a snapshot."""

MANY_ENTRIES: Final = {**WHOLE_LOG, "entries_under_way_max": 1_000}

_SIZE_BYTES: Final = 32
_WINDOW_S: Final = 0.5
_OUTSTANDING: Final = 16


@dataclass(frozen=True, slots=True)
class Returned:
    """Attributes:
    entries: of the log; each may hold many commands.
    p99_ms: of windows of half a second, the median window.
    """

    commands: int
    entries: int
    caught_up_s: float
    p50_before_ms: float
    p99_before_ms: float
    p50_during_ms: float
    p99_during_ms: float
    p99_worst_before_ms: float
    p99_worst_during_ms: float


async def bench(replicas: Replicas, *, commands: int, outstanding: int) -> Returned:
    """
    Args:
        outstanding: commands under way while the follower is away.
    """
    leader = await replicas.wait_until_whole()
    away = next(name for name in NAMES if name != leader)
    await _window(replicas, leader)
    before = [await _window(replicas, leader) for _ in range(10)]
    missed_from = await _last_index(replicas, leader)
    replicas.kill(away)
    await replicas.load(
        leader, outstanding=outstanding, seconds=3600, size_bytes=_SIZE_BYTES, count=commands
    )
    target = await _last_index(replicas, leader)
    replicas.start_one(away)
    began_s = time.monotonic()
    during: list[Measured] = []
    while True:
        during.append(await _window(replicas, leader))
        status = await replicas.status(away)
        if status is not None and status["applied_index"] >= target:
            break
    return Returned(
        commands,
        target - missed_from,
        round(time.monotonic() - began_s, 2),
        _median(before, "p50_ms"),
        _median(before, "p99_ms"),
        _median(during, "p50_ms"),
        _median(during, "p99_ms"),
        max(each.p99_ms for each in before),
        max(each.p99_ms for each in during),
    )


async def _window(replicas: Replicas, leader: str) -> Measured:
    return await replicas.load(
        leader, outstanding=_OUTSTANDING, seconds=_WINDOW_S, size_bytes=_SIZE_BYTES
    )


def _median(windows: Sequence[Measured], what: str) -> float:
    values: list[float] = [getattr(each, what) for each in windows]
    return round(statistics.median(values), 2)


async def _last_index(replicas: Replicas, name: str) -> int:
    status = await replicas.status(name)
    assert status is not None
    return int(status["last_index"])
