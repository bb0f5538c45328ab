"""Pretended time, and channels that keep their order but not their pace. Chance is the seed's."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class World:
    """Runs what is due, in order of time, then of scheduling: one seed, one story."""

    random: Random
    now_ms: int = 1_000
    check: Callable[[], None] = lambda: None
    _due: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _scheduled: int = 0

    def after(self, delay_ms: int, action: Callable[[], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._due, (self.now_ms + delay_ms, self._scheduled, action))

    def run_until(self, end_ms: int) -> None:
        while self._due and self._due[0][0] <= end_ms:
            self.now_ms, _, action = heapq.heappop(self._due)
            action()
            self.check()
        self.now_ms = end_ms


@dataclass(slots=True)
class Pipe:
    """One direction of a connection: first in, first out, after a while; silent once cut.

    Attributes:
        delay_ms: the most that a message takes by itself.
    """

    world: World
    deliver: Callable[[bytes], None]
    delay_ms: int = 40
    is_cut: bool = False
    _last_ms: int = 0

    def send(self, data: bytes) -> None:
        due_ms = self.world.now_ms + self.world.random.randint(0, self.delay_ms)
        self._last_ms = max(self._last_ms, due_ms)
        self.world.after(self._last_ms - self.world.now_ms, lambda: self._arrive(data))

    def _arrive(self, data: bytes) -> None:
        if not self.is_cut:
            self.deliver(data)
