"""Every task's directory: made for it, shown to people, removed when it is old."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from agent.tasks import TaskKey
from trimast.edge.clock import wall_ms
from trimast.model.ids import AgentId, FrameworkId, TaskId

log = structlog.get_logger()

COLLECT_EVERY_S: Final = 60.0
_LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class _Old:
    since_ms: int
    key: TaskKey
    path: Path


class Sandboxes:
    """Laid out as Mesos does: `slaves/A/frameworks/F/executors/T/runs/<fence>`.

    Only directories that it has made, or found at the start, are ever shown or removed.

    Args:
        kept_max, age_max_ms: of the sandboxes of settled tasks, beyond which the oldest go.
        headroom: the share of the disk that is to stay free: the fuller the disk, the younger they
            go, and all of them once no more than that is free.
        disk_share_used: of the disk that a directory is on, 0 to 1.
    """

    def __init__(
        self,
        root: Path,
        *,
        kept_max: int,
        age_max_ms: int,
        headroom: float = 0.0,
        disk_share_used: Callable[[Path], float] = lambda _root: 0.0,
    ) -> None:
        self._root = root
        self._kept_max = kept_max
        self._age_max_ms = age_max_ms
        self._headroom = headroom
        self._disk_share_used = disk_share_used
        self._latest: dict[TaskKey, Path] = {}
        self._old: deque[_Old] = deque()
        self._shown: set[Path] = set()
        self._settled: list[Path] = []
        self._live: dict[tuple[TaskKey, int], Path] = {}
        self._made: set[Path] | None = set()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sandboxes")

    def create(self, agent_id: AgentId, key: TaskKey, fence: int) -> Path:
        """May be called from any thread. Raises OSError, also if it was made before."""
        runs = self._runs(agent_id, key)
        runs.mkdir(parents=True, exist_ok=True)
        path = runs / str(fence)
        made = self._made
        if made is not None:
            made.add(path)
        path.mkdir()
        self._latest[key] = path
        self._live[key, fence] = path
        self._shown.add(path)
        try:
            os.symlink(path.name, runs / _LATEST)
        except FileExistsError:
            new = runs / f".{_LATEST}-{fence}"
            os.symlink(path.name, new)
            os.replace(new, runs / _LATEST)
        return path

    def share(self, agent_id: AgentId, key: TaskKey, fence: int) -> Path:
        """As `create`, for a directory of several tasks: whoever comes first makes it."""
        try:
            return self.create(agent_id, key, fence)
        except FileExistsError:
            return self.path(agent_id, key, fence)

    def path(self, agent_id: AgentId, key: TaskKey, fence: int) -> Path:
        """Where it is, or was, or would be."""
        return self._runs(agent_id, key) / str(fence)

    def live(self) -> dict[tuple[TaskKey, int], Path]:
        """Of all tasks that are not settled; those of an earlier life once they are found."""
        return dict(self._live)

    def written_paths(self) -> tuple[list[Path], list[Path]]:
        """Of all tasks that may write, and of those that have settled since the last call."""
        settled, self._settled = self._settled, []
        return list(self._live.values()), settled

    def find(self, key: TaskKey) -> Path | None:
        """Of the newest launch of a task of that name."""
        return self._latest.get(key)

    def find_run(self, agent_id: AgentId, key: TaskKey, fence: int) -> Path | None:
        """Of one launch, if it is there."""
        path = self.path(agent_id, key, fence)
        return path if path in self._shown else None

    def release(self, agent_id: AgentId, key: TaskKey, fence: int) -> None:
        """The task is settled: from now on its sandbox is old."""
        path = self._live.pop((key, fence), None)
        if path is not None:
            self._settled.append(path)
        self._old.append(_Old(wall_ms(), key, self._runs(agent_id, key) / str(fence)))

    async def keep_collecting(self, held: Collection[tuple[TaskKey, int]]) -> None:
        """Find what earlier lives left, then remove what is too old or too much, for ever.

        Args:
            held: tasks of an earlier life whose reports no master has taken.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._pool, self._scan, frozenset(held))
        made, self._made = self._made or set(), None
        found = [old for old in found if old.path not in made]  # Those were made meanwhile.
        settled = {old.path for old in self._old}
        for old in found:
            self._latest.setdefault(old.key, old.path)
            self._shown.add(old.path)
            if old.since_ms < 0 and old.path not in settled:
                self._live[old.key, int(old.path.name)] = old.path
        self._old.extendleft(reversed([old for old in found if old.since_ms >= 0]))
        while True:
            excess = self._excess(wall_ms(), self._age_max_now_ms())
            if excess:
                log.info("sandboxes_collected", count=len(excess), old=len(self._old))
                await loop.run_in_executor(self._pool, _remove_all, excess)
            await asyncio.sleep(COLLECT_EVERY_S)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _runs(self, agent_id: AgentId, key: TaskKey) -> Path:
        return (
            self._root
            / agent_id
            / "frameworks"
            / key.framework_id
            / "executors"
            / key.task_id
            / "runs"
        )

    def _age_max_now_ms(self) -> float:
        """As with Mesos: a week on an empty disk, half of it on one that is half full."""
        return self._age_max_ms * max(0.0, 1 - self._headroom - self._disk_share_used(self._root))

    def _excess(self, now_ms: int, age_max_ms: float) -> list[Path]:
        """What has to go; it is forgotten here at once, so that nobody is shown half of it."""
        excess: list[Path] = []
        while self._old and (
            len(self._old) > self._kept_max or now_ms - self._old[0].since_ms > age_max_ms
        ):
            old = self._old.popleft()
            self._shown.discard(old.path)
            if self._latest.get(old.key) == old.path:
                del self._latest[old.key]
            excess.append(old.path)
        return excess

    def _scan(self, held: frozenset[tuple[TaskKey, int]]) -> list[_Old]:
        """Oldest first. A held task's has `since_ms` -1: it is known, but not old."""
        found: list[_Old] = []
        for runs in self._root.glob("*/frameworks/*/executors/*/runs"):
            executor = runs.parent
            key = TaskKey(FrameworkId(executor.parent.parent.name), TaskId(executor.name))
            for run in _runs_in(runs):
                since_ms = round(run.stat(follow_symlinks=False).st_mtime * 1000)
                is_held = (key, int(run.name)) in held
                found.append(_Old(-1 if is_held else since_ms, key, Path(run.path)))
        # Of two of the same task, `find` should know the newer: its fence is the higher.
        newest_first = sorted(found, key=lambda old: int(old.path.name), reverse=True)
        return sorted(newest_first, key=lambda old: old.since_ms)


def disk_share_used(root: Path) -> float:
    """0 to 1, of what is not kept for root."""
    try:
        facts = os.statvfs(root)
    except OSError as error:
        log.warning("disk_not_measured", path=str(root), error=str(error))
        return 0.0
    used = facts.f_blocks - facts.f_bfree
    return used / max(1, used + facts.f_bavail)


def _runs_in(runs: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(runs) as entries:
        for entry in entries:
            if entry.name.isdecimal() and entry.is_dir(follow_symlinks=False):
                yield entry


def _remove_all(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(RecursionError):
            shutil.rmtree(path, onerror=_log_failure)
        if path.exists():
            # A task has made directories deeper than Python can follow; rm can.
            subprocess.run(["rm", "-rf", "--", path], stdin=subprocess.DEVNULL, check=False)
        _remove_if_empty(path.parent)


def _remove_if_empty(runs: Path) -> None:
    """The last run is gone: so are the directories that were there for it."""
    try:
        if set(os.listdir(runs)) <= {_LATEST}:
            (runs / _LATEST).unlink(missing_ok=True)
            for directory in (runs, runs.parent, runs.parent.parent, runs.parent.parent.parent):
                directory.rmdir()
    except OSError:
        return  # Another task has moved in: it is needed again.


def _log_failure(_function: object, path: str, info: tuple[type, BaseException, object]) -> None:
    if not isinstance(info[1], FileNotFoundError):
        log.warning("sandbox_not_removed", path=path, error=str(info[1]))
