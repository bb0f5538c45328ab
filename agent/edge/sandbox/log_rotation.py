"""Keeps what tasks write to stdout and stderr from filling the disk, without their notice.

A task appends to a file that it has open, so the file cannot be put aside and another put in its
place. Instead the older part of it is copied to `stdout.1`, and taken off the front of it
(FALLOC_FL_COLLAPSE_RANGE: ext4, XFS). What is written meanwhile is neither lost nor doubled. Where
a file system cannot do that, the file is emptied, and what was written between the last look and
that moment is lost.
"""

import asyncio
import contextlib
import ctypes
import errno
import os
import stat
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter

from agent.edge.sandbox.looking import Looking

log = structlog.get_logger()

LOOK_EVERY_S: Final = 0.5
"""At what grows; what is quiet rests for some rounds, see `looking.py`."""
NAMES: Final = ("stdout", "stderr")
_DROPPED: Final = "user.trimast.dropped"
_COLLAPSE_RANGE: Final = 0x08
_COPY_BYTES: Final = 1024 * 1024
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BOTH: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FRAGMENT_BYTES: Final = 4096

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


class HasSandboxes(Protocol):
    def written_paths(self) -> tuple[list[Path], list[Path]]:
        """Those in which something may be written, and those in which it may have been since the
        last call, and will not be any more."""


class LogRotation:
    """
    Args:
        bytes_max: of a file, beyond which it is rotated.
        files_max: how many older ones are kept of each.

    Attributes:
        lock: held while the front of a file is taken off; hold it to read at an offset.
    """

    def __init__(
        self,
        sandboxes: HasSandboxes,
        *,
        bytes_max: int,
        files_max: int,
        registry: CollectorRegistry,
    ) -> None:
        self.lock = threading.Lock()
        self._sandboxes = sandboxes
        self._bytes_max = bytes_max
        self._files_max = files_max
        self._looking = Looking()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="logs")
        self._rotations = Counter(
            "trimast_agent_log_rotations_total",
            "Times that the stdout or stderr of a task was rotated.",
            registry=registry,
        )
        self._failures = Counter(
            "trimast_agent_log_rotations_failed_total",
            "Times that this failed; the file grows on.",
            registry=registry,
        )

    async def keep_rotating(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            live, settled = self._sandboxes.written_paths()
            paths = [*self._looking.due(live), *settled]
            if paths:
                await loop.run_in_executor(self._pool, self.rotate_all, paths)
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def rotate_all(self, sandboxes: Iterable[Path]) -> None:
        for sandbox in sandboxes:
            size = sum(self._look_at(sandbox, name) for name in NAMES)
            self._looking.looked(sandbox, size)

    def _look_at(self, sandbox: Path, name: str) -> int:
        """How large it was."""
        try:
            size = os.lstat(f"{sandbox}/{name}").st_size
            if size > self._bytes_max:
                self._rotate(sandbox, name)
        except FileNotFoundError:
            return 0  # Never made, or the task has removed it.
        except OSError as error:
            self._failures.inc()
            log.warning("log_not_rotated", path=str(sandbox / name), error=str(error))
            return 0
        return size

    def _rotate(self, sandbox: Path, name: str) -> None:
        with contextlib.ExitStack() as stack:
            box = os.open(sandbox, _DIRECTORY)
            stack.callback(os.close, box)
            owner = os.fstat(box).st_uid
            if not _is_plain(os.stat(name, dir_fd=box, follow_symlinks=False), owner):
                return  # The task has put something else there, maybe another's file.
            file = os.open(name, _BOTH, dir_fd=box)
            stack.callback(os.close, file)
            facts = os.fstat(file)
            if not _is_plain(facts, owner):
                return
            block = max(os.fstatvfs(file).f_bsize, _FRAGMENT_BYTES)
            end = (facts.st_size - 1) // block * block
            if end <= 0:
                return
            copy = self._copy(box, file, name, facts, end) if self._files_max else -1
            if copy != -1:
                stack.callback(os.close, copy)
            with self.lock:
                self._take_off(file, end, copy)
            if copy != -1:
                self._shift(box, name)
            self._rotations.inc()

    def _copy(self, box: int, file: int, name: str, facts: os.stat_result, end: int) -> int:
        """The newest part of what is to be taken off; of a flood the older part is lost."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_new(name), dir_fd=box)
        copy = os.open(_new(name), _NEW, 0o600, dir_fd=box)
        try:
            os.fchown(copy, facts.st_uid, facts.st_gid)
            os.fchmod(copy, stat.S_IMODE(facts.st_mode) & 0o644)
            begin = max(0, end - self._bytes_max)
            _copy_range(file, copy, begin, end)
            _note_dropped(copy, dropped_bytes(file) + begin)
        except OSError:
            os.close(copy)
            os.unlink(_new(name), dir_fd=box)
            raise
        return copy

    def _take_off(self, file: int, end: int, copy: int) -> None:
        if _libc.fallocate(file, _COLLAPSE_RANGE, 0, end) != 0:
            number = ctypes.get_errno()
            if number not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}:
                raise OSError(number, os.strerror(number))
            size = os.fstat(file).st_size
            if copy != -1:
                _copy_range(file, copy, end, size)
            os.ftruncate(file, 0)
            end = size
        _note_dropped(file, dropped_bytes(file) + end)

    def _shift(self, box: int, name: str) -> None:
        for number in range(self._files_max - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                os.rename(
                    f"{name}.{number}", f"{name}.{number + 1}", src_dir_fd=box, dst_dir_fd=box
                )
        os.rename(_new(name), f"{name}.1", src_dir_fd=box, dst_dir_fd=box)


def _note_dropped(file: int, count: int) -> None:
    with contextlib.suppress(OSError):
        os.setxattr(file, _DROPPED, str(count).encode())


def dropped_bytes(file: int) -> int:
    """How much of its stream came before an open file: has been taken off its front, ever, or was
    in older ones. 0 where that cannot be kept."""
    try:
        text = os.getxattr(file, _DROPPED)
    except OSError:
        return 0
    return int(text) if text.isdigit() and len(text) <= 18 else 0


def _rename(box: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=box, dst_dir_fd=box)


def _new(name: str) -> str:
    return f".{name}.rotating"


def _is_plain(facts: os.stat_result, owner: int) -> bool:
    """A file of the sandbox's owner, and of no other directory: it may be cut."""
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and facts.st_uid == owner


def _copy_range(source: int, target: int, begin: int, end: int) -> None:
    while begin < end:
        data = os.pread(source, min(_COPY_BYTES, end - begin), begin)
        if not data:
            return  # The task has cut it meanwhile.
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
        begin += len(data)
