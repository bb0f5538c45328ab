"""The thread that does the engine's jobs, and gives way to all else after each step."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from replication.engine.workbench import Job

_REST_MIN_S: Final = 0.0001
_REST_MAX_S: Final = 0.005
"""After each step of a job it rests as long as the step took: the loop finds the interpreter, and
other processes a core, free half of the time. Without a rest the loop would wait up to 5 ms each
time it wakes."""


def rest_after(took_s: float) -> float:
    return min(max(took_s, _REST_MIN_S), _REST_MAX_S)


class JobThread:
    """A thread of its own: a snapshot takes long, and the log must not wait for it."""

    def __init__(self, name: str, on_end: Callable[[Job, Exception | None], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, name)
        self._on_end = on_end
        self._job: asyncio.Future[None] | None = None
        self._is_stopping = False

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def start(self, job: Job) -> None:
        """One at a time."""
        self._job = self._loop.run_in_executor(self._thread, self._do_steps, job)
        self._job.add_done_callback(lambda done: self._ended(job, done))

    async def stop(self) -> None:
        """What is under way is left where it is, and nobody hears of it."""
        self._is_stopping = True
        if self._job is not None:
            await asyncio.wait([self._job])
        self._thread.shutdown()

    def _do_steps(self, job: Job) -> None:
        began_s = time.perf_counter()
        for _ in job.steps:
            if self._is_stopping:
                return
            time.sleep(rest_after(time.perf_counter() - began_s))
            began_s = time.perf_counter()

    def _ended(self, job: Job, done: "asyncio.Future[None]") -> None:
        self._job = None
        error = done.exception()
        assert error is None or isinstance(error, Exception)
        if not self._is_stopping:
            self._on_end(job, error)
