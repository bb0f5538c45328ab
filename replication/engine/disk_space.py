"""Looks now and then how much space is left, so that the log stops growing before it is none."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from replication.observer import LogObserver

log = structlog.get_logger(__name__)

_EVERY_S: Final = 1.0


class DiskSpace:
    """
    Args:
        reserve_bytes: less than this is too little; twice as much is enough again.
        on_change: called with whether there is too little.
    """

    def __init__(
        self,
        path: Path,
        *,
        reserve_bytes: int,
        observer: LogObserver,
        on_change: Callable[[bool], None],
    ) -> None:
        self._path = path
        self._reserve_bytes = reserve_bytes
        self._observer = observer
        self._on_change = on_change
        self._is_short = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def take_note(self, free_bytes: int) -> None:
        self._observer.disk_space_seen(free_bytes)
        enough_bytes = 2 * self._reserve_bytes if self._is_short else self._reserve_bytes
        is_short = free_bytes < enough_bytes
        if is_short == self._is_short:
            return
        self._is_short = is_short
        if is_short:
            log.error("disk_short_of_space", free_bytes=free_bytes, needed_bytes=enough_bytes)
        else:
            log.info("disk_has_space_again", free_bytes=free_bytes)
        self._on_change(is_short)

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self._look)
        try:
            free_bytes = shutil.disk_usage(self._path).free
        except OSError as error:
            log.error("disk_space_unknown", error=str(error))
        else:
            self.take_note(free_bytes)
