"""Spaces out what comes in crowds, so that it goes on together, at the price of one.

An entry of the log costs all masters more than the commands in it. One that comes alone goes on at
once; while many come, they wait for each other for a moment that nobody notices.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

ItemT = TypeVar("ItemT")

PAUSE_EACH_S: Final = 0.001
PAUSE_MOST_S: Final = 0.006
"""After so many at once, what comes next waits so long for company."""

AT_ONCE_MAX: Final = 100
"""So that a crowd that comes at once does not hold up the loop for long: who follows this master
would take it for gone."""


class Pacing(Generic[ItemT]):
    """
    Args:
        hand_on: all goes there, in order: at once, or a little later.
    """

    def __init__(self, hand_on: Callable[[ItemT], None]) -> None:
        self._hand_on = hand_on
        self._waiting: deque[ItemT] = deque()
        self._this_turn = 0
        self._pause: asyncio.TimerHandle | None = None

    def put(self, item: ItemT) -> None:
        if self._pause is None and not self._waiting and self._this_turn < AT_ONCE_MAX:
            self._go(item)
        else:
            self._waiting.append(item)

    def drop(self) -> None:
        """What waits is not wanted any more."""
        self._waiting.clear()

    def _go(self, item: ItemT) -> None:
        if not self._this_turn:
            asyncio.get_running_loop().call_soon(self._end_of_turn)
        self._this_turn += 1
        self._hand_on(item)

    def _end_of_turn(self) -> None:
        pause_s = min(PAUSE_MOST_S, PAUSE_EACH_S * self._this_turn)
        self._this_turn = 0
        self._pause = asyncio.get_running_loop().call_later(pause_s, self._end_of_pause)

    def _end_of_pause(self) -> None:
        self._pause = None
        while self._waiting and self._this_turn < AT_ONCE_MAX:
            self._go(self._waiting.popleft())
