"""The thread that writes and syncs the log, with as short a way there and back as there is.

A commit waits for this way. Through an executor and a future it takes three turns of the event
loop and some locks; here it is one queue there, and one descriptor that the loop watches back.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from replication.engine.wal_flush import Flush


def perform(flush: Flush) -> float:
    """How long it took, in seconds. Raises what the disk says."""
    began_s = time.monotonic()
    flush.perform()
    return time.monotonic() - began_s


class DiskThread:
    def __init__(self, name: str, on_end: Callable[[Flush, float | Exception], None]) -> None:
        """
        Args:
            on_end: called on the event loop, with how long the flush took, or with what failed.
        """
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._asked: Final[SimpleQueue[Flush | None]] = SimpleQueue()
        self._done: Final[SimpleQueue[tuple[Flush, float | Exception]]] = SimpleQueue()
        self._wake_up = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._loop.add_reader(self._wake_up, self._collect)
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def start(self, flush: Flush) -> None:
        """One at a time."""
        self._idle.clear()
        self._asked.put(flush)

    async def stop(self) -> None:
        """Returns when what was under way has ended, and was told."""
        await self._idle.wait()
        self._asked.put(None)
        self._thread.join()
        self._loop.remove_reader(self._wake_up)
        os.close(self._wake_up)

    def _work(self) -> None:
        while (flush := self._asked.get()) is not None:
            try:
                result: float | Exception = perform(flush)
            except Exception as error:
                result = error
            self._done.put((flush, result))
            os.eventfd_write(self._wake_up, 1)

    def _collect(self) -> None:
        os.eventfd_read(self._wake_up)
        flush, result = self._done.get_nowait()
        self._idle.set()
        self._on_end(flush, result)
