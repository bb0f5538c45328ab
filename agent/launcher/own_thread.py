"""A thread that does what it is given, while whoever gives it waits: never two things at once.

What the kernel keeps for each thread, such as its cgroups in v1, is another there than here.
"""

import _thread
from collections.abc import Callable


class OwnThread:
    def __init__(self) -> None:
        self._job: Callable[[], None]
        self._failure: Exception | None = None
        self._has_job = _thread.allocate_lock()
        self._is_done = _thread.allocate_lock()
        self._has_job.acquire()
        self._is_done.acquire()
        _thread.start_new_thread(self._work, ())

    def do(self, job: Callable[[], None]) -> None:
        """Returns when it is done. Raises what it raises."""
        self._job = job
        self._has_job.release()
        self._is_done.acquire()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _work(self) -> None:
        while True:
            self._has_job.acquire()
            try:
                self._job()
            except Exception as error:
                self._failure = error
            self._is_done.release()
