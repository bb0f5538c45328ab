"""The checkpoint journal: appended to in groups, one fsync each, in a thread of its own."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from agent.checkpoints.journal_format import JournalDamagedError, frame, read_frames
from agent.checkpoints.record_codec import (
    UnreadableRecordError,
    records_from_bytes,
    records_to_bytes,
)
from agent.checkpoints.records import Record
from agent.edge.work_dir import sync_directory
from trimast.edge.fatal import end_process, own_task

_NEW_SUFFIX: Final = ".new"


class CheckpointsUnusable(Exception):
    """What is written there cannot be trusted; says where, what, and what an operator can do."""


def read_journal(path: Path) -> list[Record]:
    """What the last life of the agent wrote. A write that it never finished is cut off.

    Raises:
        CheckpointsUnusable: there is damage, or records of another version.
        OSError
    """
    path.with_name(path.name + _NEW_SUFFIX).unlink(missing_ok=True)
    journal = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with open(journal, "rb+", buffering=0) as file:
        data = file.readall()
        try:
            payloads, good_bytes = read_frames(data)
            records = [record for payload in payloads for record in records_from_bytes(payload)]
        except (JournalDamagedError, UnreadableRecordError) as error:
            raise CheckpointsUnusable(
                f"{path}: {error}. Tasks may be running that only this file knows of. Move it"
                " away to start as a new agent, which ends them"
            ) from error
        if good_bytes < len(data):
            file.truncate(good_bytes)
        os.fsync(journal)
    sync_directory(path.parent)
    return records


class CheckpointFiles:
    """
    Args:
        path: of a journal that `read_journal` has read.
        bytes_max: once it has grown to this, it is rewritten with what `all_records` returns.
        on_written: is told the number of the last batch on disk, and how long that took.
    """

    def __init__(
        self,
        path: Path,
        *,
        bytes_max: int,
        all_records: Callable[[], list[Record]],
        on_written: Callable[[int, float], None],
    ) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._limit = bytes_max
        self._all_records = all_records
        self._on_written = on_written
        self._file = _open_to_append(path)
        self._bytes = os.fstat(self._file).st_size
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Record] = []
        self._batch_id = 0
        self._is_busy = False

    def append(self, batch_id: int, records: tuple[Record, ...]) -> None:
        """Batches that come while the disk is busy, or in the same turn of the loop, go as one."""
        self._waiting += records
        self._batch_id = batch_id
        if not self._is_busy:
            self._is_busy = True
            asyncio.get_running_loop().call_soon(self._write_waiting)

    async def close(self) -> None:
        """What is under way is finished first."""
        await asyncio.to_thread(self._pool.shutdown)
        os.close(self._file)

    def _write_waiting(self) -> None:
        batch_id = self._batch_id
        if self._bytes > self._limit:
            # Says everything, and so what is waiting, too.
            data = frame(records_to_bytes(self._all_records()))
            job = self._rewrite
            self._limit = max(self._bytes_max, 2 * len(data))
            self._bytes = len(data)
        else:
            data = frame(records_to_bytes(self._waiting))
            job = self._append
            self._bytes += len(data)
        self._waiting = []
        self._writing = own_task(self._write(batch_id, job, data))

    async def _write(self, batch_id: int, job: Callable[[bytes], float], data: bytes) -> None:
        took_s = await asyncio.get_running_loop().run_in_executor(self._pool, job, data)
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            self._write_waiting()
        self._on_written(batch_id, took_s)

    def _append(self, data: bytes) -> float:
        begin_s = time.monotonic()
        try:
            _write_all(self._file, data)
            os.fdatasync(self._file)
        except OSError as error:
            # After a failed fsync nobody knows what is on disk; trying again would only
            # pretend. The next life reads what is there.
            end_process("journal_write_failed", path=str(self._path), error=str(error))
        return time.monotonic() - begin_s

    def _rewrite(self, data: bytes) -> float:
        begin_s = time.monotonic()
        new_path = self._path.with_name(self._path.name + _NEW_SUFFIX)
        try:
            new_path.unlink(missing_ok=True)
            new_file = _open_to_append(new_path)
            _write_all(new_file, data)
            os.fsync(new_file)
            os.rename(new_path, self._path)
            sync_directory(self._path.parent)
        except OSError as error:
            end_process("journal_rewrite_failed", path=str(self._path), error=str(error))
        os.close(self._file)
        self._file = new_file
        return time.monotonic() - begin_s


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
