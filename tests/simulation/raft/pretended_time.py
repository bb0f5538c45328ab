"""pysyncobj under a clock of our own."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from replication.engine.pinned import syncobj


class _NoPoller:
    def poll(self, timeout: float) -> None:
        pass


@contextmanager
def pretended_time(now_s: Callable[[], float]) -> Iterator[None]:
    """Also keeps its complaints out of the test's log."""
    clock, poller = syncobj.monotonicTime, syncobj.createPoller
    syncobj.monotonicTime = now_s
    syncobj.createPoller = lambda kind: _NoPoller()
    complaints = logging.getLogger("pysyncobj")
    was_propagating, complaints.propagate = complaints.propagate, False
    try:
        yield
    finally:
        syncobj.monotonicTime, syncobj.createPoller = clock, poller
        complaints.propagate = was_propagating
