"""A master whose event loop notes each turn that took long: `python -m tests.bench.turns`.

Its arguments are those of `python -m master`. A turn goes from one look at what is ready to the
next. What it takes is its own work, what it waits for (the interpreter, a disk), and the time for
which it would go on and has no core; the kernel accounts for the last by itself.
"""

import asyncio
import json
import os
import selectors
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from master.__main__ import main

FOLDER_VARIABLE: Final = "BENCH_TURNS"
"""Where the notes go, a file for each process."""
NOTED_FROM_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Turn:
    """
    Attributes:
        ended_s: wall clock.
        took_s: from its beginning to its end, without what it waited for a core.
        waited_s: for a core.
    """

    ended_s: float
    took_s: float
    waited_s: float


def turns_of(folder: Path, pid: int) -> Iterator[Turn]:
    for line in (folder / str(pid)).read_text().splitlines():
        yield Turn(**json.loads(line))


class TimedSelector(selectors.EpollSelector):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._notes = (folder / str(os.getpid())).open("w", buffering=1)
        account = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        self._account = os.open(account, os.O_RDONLY)
        self._began_s = time.perf_counter()
        self._waited_ns = self._waited()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        whole_s = time.perf_counter() - self._began_s
        if whole_s >= NOTED_FROM_S:
            waited_s = min((self._waited() - self._waited_ns) / 1e9, whole_s)
            turn = Turn(time.time(), whole_s - waited_s, waited_s)
            self._notes.write(json.dumps(asdict(turn)) + "\n")
        ready = super().select(timeout)
        self._waited_ns = self._waited()
        self._began_s = time.perf_counter()
        return ready

    def _waited(self) -> int:
        """Nanoseconds for which the loop's thread was ready and had no core."""
        return int(os.pread(self._account, 100, 0).split()[1])


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(TimedSelector(Path(os.environ[FOLDER_VARIABLE])))


if __name__ == "__main__":
    asyncio.set_event_loop_policy(_Policy())
    main()
