"""Work in a thread that can be told to stop, and is waited for before its files are closed."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Nobody wants what this thread is doing any more."""


class Stop:
    """Asked now and then by long work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ask(self) -> None:
        self._event.set()

    def check(self) -> None:
        """Raises Stopped."""
        if self._event.is_set():
            raise Stopped


async def run_stoppable(pool: Executor, stop: Stop, work: Callable[[], T]) -> T:
    """If the caller is cancelled, `work` is told to stop, and has ended when this ends.

    Else a file that it still writes to might be closed, and its number be another file's.
    """
    future = asyncio.get_running_loop().run_in_executor(pool, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait([future])
        future.exception()
        raise
