"""Work that many ask for at once is done in many turns of the event loop, not in one.

A loop calls all that is ready before it looks round again. If a hundred clients each have some
milliseconds of work for it, all else waits for their sum: heartbeats too, and who does not hear
them elects another leader.
"""

import asyncio
from collections import deque
from typing import Final

SLICE_S: Final = 0.005
_TOGETHER: Final = 4


class Turns:
    """First come, first served.

    Args:
        slice_s: who comes when a turn of the loop has lasted so long waits for another.
    """

    def __init__(self, *, slice_s: float = SLICE_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._slice_s = slice_s
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._began_s: float | None = None

    async def mine(self) -> None:
        """Returns when it is time to do a little work."""
        if self._began_s is None:
            self._begin_turn()
        assert self._began_s is not None
        if self._waiting or self._loop.time() - self._began_s >= self._slice_s:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(turn)
            await turn

    def _begin_turn(self) -> None:
        self._began_s = self._loop.time()
        self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._began_s = None
        if not self._waiting:
            return
        self._begin_turn()
        for _ in range(min(_TOGETHER, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # It may have been given up meanwhile.
                turn.set_result(None)
