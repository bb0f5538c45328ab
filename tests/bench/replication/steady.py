"""Whether a leader leads on: while nothing happens, and while all cores are busy with writes."""

import asyncio
from dataclasses import dataclass

from tests.bench.replication.replicas import Replicas


@dataclass(frozen=True, slots=True)
class Steady:
    idle_s: float
    changes_idle: int
    loaded_s: float
    changes_loaded: int


async def bench(replicas: Replicas, *, idle_s: float, loaded_s: float) -> Steady:
    """Each election, won or not, is a new term."""
    leader = await replicas.wait_until_whole()
    begun = await _term(replicas, leader)
    await asyncio.sleep(idle_s)
    idle = await _term(replicas, leader)
    leader = await replicas.wait_until_whole()
    if loaded_s:
        await replicas.load(leader, outstanding=1024, seconds=loaded_s, size_bytes=256)
    return Steady(idle_s, idle - begun, loaded_s, await _term(replicas, leader) - idle)


async def _term(replicas: Replicas, name: str) -> int:
    status = await replicas.status(name)
    assert status is not None
    return int(status["term"])
