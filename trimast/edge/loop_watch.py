"""Notices how long an event loop was held up: whoever waits for the process waits as long."""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Histogram

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class LoopWatch:
    """Sets a timer again and again, and notes how late it rings.

    What holds the loop up for longer than the period cannot be missed; what is noted of it is at
    most one period too little. A process that waits for a core is late as well. Each look costs
    some 0.1 ms, also of a process at rest.
    """

    def __init__(self, registry: CollectorRegistry, *, period_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._period_s = period_s
        self._late = Histogram(
            "trimast_event_loop_late_seconds",
            f"How late the event loop came to a timer that is set each {period_s * 1000:.0f} ms.",
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._set()

    def stop(self) -> None:
        self._timer.cancel()

    def _set(self) -> None:
        self._timer = self._loop.call_later(self._period_s, self._ring)

    def _ring(self) -> None:
        self._late.observe(max(0.0, self._loop.time() - self._timer.when()))
        self._set()
