"""What was fetched and may be wanted again: fetched once, however many ask at once; oldest out.

An entry is a file. Whoever wants it has it open, so that it can go while it is read.
"""

import asyncio
import hashlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.edge.fetcher.fetch_metrics import FetchMetrics

Fill = Callable[[int], Awaitable[None]]
"""Writes what is wanted into an open file."""


@dataclass(slots=True)
class _Filling:
    """
    Attributes:
        waiting: how many want it; when the last has gone, it is given up.
    """

    partial: Path
    task: "asyncio.Task[None]"
    waiting: int = 0


@dataclass(slots=True)
class FetchCache:
    """
    Args:
        folder: is emptied first: nobody knows what an earlier life left there.
    """

    folder: Path
    bytes_max: int
    metrics: FetchMetrics
    _bytes_by_name: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _filling: dict[str, _Filling] = field(default_factory=dict)
    _fills: int = 0

    def open(self) -> None:
        """Raises OSError."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)

    async def get(self, key: str, fill: Fill) -> int:
        """A file open for reading, the caller's to close. Raises what `fill` raises, OSError."""
        name = hashlib.sha256(key.encode()).hexdigest()
        if name in self._bytes_by_name:
            self._bytes_by_name.move_to_end(name)
            self.metrics.cache_hits.inc()
            return os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC)
        filling = self._filling.get(name)
        if filling is None:
            self.metrics.cache_misses.inc()
            self._fills += 1
            partial = self.folder / f"{name}.{self._fills}"
            task = asyncio.get_running_loop().create_task(_fill(partial, fill))
            filling = self._filling[name] = _Filling(partial, task)
        else:
            self.metrics.cache_hits.inc()
        filling.waiting += 1
        try:
            await asyncio.shield(filling.task)
            # Nothing has happened since: it is there, be it for this moment only.
            return os.open(filling.partial, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            filling.waiting -= 1
            if not filling.waiting:
                await self._end(name, filling)

    async def _end(self, name: str, filling: _Filling) -> None:
        """All who wanted it have it, or have gone."""
        if self._filling.get(name) is filling:
            del self._filling[name]
        task = filling.task
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None or name in self._bytes_by_name:
            filling.partial.unlink(missing_ok=True)
        else:
            self._keep(name, filling.partial)

    def _keep(self, name: str, partial: Path) -> None:
        size = partial.stat().st_size
        if size > self.bytes_max:
            partial.unlink()
            return
        partial.rename(self.folder / name)
        self._bytes_by_name[name] = size
        while sum(self._bytes_by_name.values()) > self.bytes_max:
            oldest, _ = self._bytes_by_name.popitem(last=False)
            (self.folder / oldest).unlink(missing_ok=True)
            self.metrics.cache_evictions.inc()
        self.metrics.cache_bytes.set(sum(self._bytes_by_name.values()))


async def _fill(partial: Path, fill: Fill) -> None:
    file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        await fill(file)
    finally:
        os.close(file)
