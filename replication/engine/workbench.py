"""Long work on files, one job at a time, away from the event loop."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Attributes:
    name: for the log.
    steps: does the work; its driver, perhaps another thread, rests after each.
    done: called on the loop afterwards.
    failed: the same, if the work raised. Only what must end the replica is raised again.
    """

    name: str
    steps: Iterator[object]
    done: Callable[[], None]
    failed: Callable[[Exception], None]


class Workbench:
    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._is_busy = False

    def add(self, job: Job) -> None:
        self._waiting.append(job)

    def take(self) -> Job | None:
        """What is to be done now; None if that is nothing, or if a job is under way."""
        if self._is_busy or not self._waiting:
            return None
        self._is_busy = True
        return self._waiting.popleft()

    def ended(self, job: Job, error: Exception | None) -> None:
        self._is_busy = False
        if error is None:
            job.done()
        else:
            job.failed(error)
