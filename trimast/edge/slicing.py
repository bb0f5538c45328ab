"""Long work is done in slices, between which a process does all else that it has to do."""

import asyncio
from time import perf_counter
from typing import Final

SLICE_S: Final = 0.002
REST_S: Final = 0.0005
"""After each slice. Not only a turn of the loop: the thread that syncs a log needs the
interpreter a few times for each commit, and would wait 5 ms for it each time."""


class Slice:
    """It has begun when it is made."""

    def __init__(self, slice_s: float = SLICE_S) -> None:
        self._end_s = perf_counter() + slice_s

    @property
    def is_over(self) -> bool:
        return perf_counter() >= self._end_s


async def rest(rest_s: float = REST_S) -> None:
    await asyncio.sleep(rest_s)
