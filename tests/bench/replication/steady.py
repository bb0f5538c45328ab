"""Whether a leader leads on: while nothing happens, and while all cores are busy with writes."""

import asyncio
from dataclasses import dataclass
from typing import Final

from tests.bench.replication.replicas import Replicas

_PIECE_S: Final = 5.0


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
    for piece_s in _pieces(loaded_s):
        # The leader itself sorts what each piece has given: it is not to lose its lead by that.
        await replicas.load(leader, outstanding=1024, seconds=piece_s, size_bytes=256)
        leader = await replicas.wait_until_whole()
    return Steady(idle_s, idle - begun, loaded_s, await _term(replicas, leader) - idle)


def _pieces(seconds: float) -> list[float]:
    whole, rest = divmod(seconds, _PIECE_S)
    return [_PIECE_S] * int(whole) + ([rest] if rest else [])


async def _term(replicas: Replicas, name: str) -> int:
    status = await replicas.status(name)
    assert status is not None
    return int(status["term"])
