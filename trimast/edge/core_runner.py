"""The one loop of every process: take an event, ask the core, perform what it orders."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

EventT = TypeVar("EventT")
EffectT = TypeVar("EffectT")
_EventContra = TypeVar("_EventContra", contravariant=True)


class Core(Protocol[_EventContra, EffectT]):
    def handle(self, event: _EventContra, now_ms: int) -> list[EffectT]: ...

    def next_deadline_ms(self) -> int | None:
        """When to send the deadline event; later than the last `now_ms`, or we would spin."""


class CoreRunner(Generic[EventT, EffectT]):
    """Feeds one core, one event at a time, performs its effects in order, keeps its deadline.

    There is no inbox: `submit` returns once the core has decided, so whoever brings an event
    cannot bring a second one before the first is dealt with, and a replicated command is handled
    in the very turn in which it was applied. See docs/decisions/0001-no-inbox.md.

    Args:
        core: decides. Never blocks, never fails on bad input from outside.
        perform: starts one effect and returns at once; what comes of it returns as an event.
        now_ms: monotonic milliseconds.
        deadline_passed: the event that tells the core its deadline has come.
    """

    def __init__(
        self,
        core: Core[EventT, EffectT],
        *,
        perform: Callable[[EffectT], None],
        now_ms: Callable[[], int],
        deadline_passed: EventT,
    ) -> None:
        self._core = core
        self._perform = perform
        self._now_ms = now_ms
        self._deadline_passed = deadline_passed
        self._waiting: deque[EventT] = deque()
        self._is_handling = False
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ms: int | None = None

    def submit(self, event: EventT) -> None:
        """Handle `event` now, or right after the one that is being handled."""
        self._waiting.append(event)
        if self._is_handling:
            return
        self._is_handling = True
        try:
            while self._waiting:
                for effect in self._core.handle(self._waiting.popleft(), self._now_ms()):
                    self._perform(effect)
        finally:
            self._is_handling = False
        self._set_alarm()

    def start(self) -> None:
        """Keep the deadline that the core has before its first event."""
        self._set_alarm()

    def stop(self) -> None:
        """No deadline is kept after this, until the next event."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._alarm_ms = None

    def _set_alarm(self) -> None:
        deadline_ms = self._core.next_deadline_ms()
        if deadline_ms == self._alarm_ms:
            return
        self.stop()
        if deadline_ms is None:
            return
        self._alarm_ms = deadline_ms
        delay_s = max(0, deadline_ms - self._now_ms()) / 1000
        self._alarm = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._alarm_ms = None
        self.submit(self._deadline_passed)
