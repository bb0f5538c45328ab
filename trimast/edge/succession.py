"""A leader that is frozen keeps its connections, and says nothing of having been replaced."""

import asyncio
import contextlib
from typing import Final

from trimast.edge.leader_finder import LeaderAddress, LeaderFinder, NoLeader

OVERDUE_INTERVALS: Final = 1.2
"""A sign of life that is later than this is a reason to ask around."""
ASK_FOR_S: Final = 1.0


class Pulse:
    """The signs of life of a leader.

    Args:
        interval_s: between two of them.
    """

    def __init__(self, interval_s: float) -> None:
        self._now_s = asyncio.get_running_loop().time
        self._interval_s = interval_s
        self._heard_s = self._now_s()

    def beat(self, interval_s: float | None = None) -> None:
        """The leader was heard; from here on it promises one sign an `interval_s`."""
        self._heard_s = self._now_s()
        if interval_s is not None:
            self._interval_s = interval_s

    async def overdue(self) -> None:
        """Wait until a sign of life should have come and has not."""
        while True:
            left_s = self._heard_s + self._interval_s * OVERDUE_INTERVALS - self._now_s()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)


async def successor(finder: LeaderFinder, pulse: Pulse, epoch: int) -> LeaderAddress:
    """Who leads a later epoch than the leader whose pulse this is; looked for while it is late."""
    while True:
        await pulse.overdue()
        with contextlib.suppress(NoLeader):
            return await finder.find(ASK_FOR_S, epoch_min=epoch + 1)
