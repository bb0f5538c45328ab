"""Groups in the hierarchies of cgroup v1: one folder for each task in each of them.

The freezer comes in only when a task is paused: each hierarchy costs every start its time, and
pausing is rare. Nor is it needed to end a task: who may not fork cannot run away.
"""

import errno
import os
import time
from typing import Final

from agent.launcher.cgroups.contract import (
    CGROUP_1,
    LAUNCHER,
    PERIOD_US,
    Bounds,
    Memory,
    Usage,
)
from agent.launcher.cgroups.ending import kill_listed
from agent.launcher.cgroups.files import (
    folders_below,
    folders_in,
    make_folder,
    make_folders,
    open_folder,
    read,
    read_numbers,
    read_table,
    remove_folder,
    write,
)
from agent.launcher.processes import cpu_ticks

NEEDED: Final = ("memory", "cpu", "pids")
UNLIMITED_BYTES: Final = 1 << 60
"""The kernel says the largest multiple of a page there is, where there is no limit."""
WITH_SWAP: Final = "memory.memsw.limit_in_bytes"
"""Of memory and swap together: never below that of memory alone."""
FREEZE_WAIT_S: Final = 0.5


class V1Groups:
    """
    Args:
        mounts: where each controller is mounted; several may be in one place.
        root: below each of these, where the groups go; "trimast/0123abcd".
        own_place: of name=systemd, where it is mounted: see `settle_in`.

    Raises OSError: they cannot be made there.
    """

    def __init__(self, mounts: dict[str, str], root: str, *, own_place: str = "") -> None:
        self.kind = CGROUP_1
        self.why = ""
        self._paths: dict[str, str] = {}
        self._folders: dict[str, int] = {}
        self._by_path: dict[str, int] = {}
        self._own_place = os.path.join(own_place, root) if own_place else ""
        for controller in (*NEEDED, "freezer"):
            if controller in mounts:
                self._open(controller, os.path.join(mounts[controller], root))
        # In a hierarchy of its own it is left out: see `_cpu_times`.
        self._counts_cpu = mounts.get("cpuacct") == mounts["cpu"]
        # Only where the kernel counts swap at all.
        self._counts_swap = os.path.exists(os.path.join(self._paths["memory"], WITH_SWAP))
        self._entered = [self._folders[controller] for controller in NEEDED]
        self._paused = set(self.names())
        self._entered = list(dict.fromkeys(self._entered))

    def _open(self, controller: str, path: str) -> None:
        if path not in self._by_path:
            make_folders(path)
            self._by_path[path] = open_folder(path)
        self._paths[controller] = path
        self._folders[controller] = self._by_path[path]

    def make(self, name: str, bounds: Bounds, *, with_cpu: bool = True) -> None:
        try:
            for folder in self._entered:
                make_folder(folder, name)
            if with_cpu:
                self.bound_cpu(name, bounds)
            self._bound(name, bounds)
        except OSError:
            self.remove(name)
            raise

    def bound_cpu(self, name: str, bounds: Bounds) -> None:
        cpu = self._folders["cpu"]
        write(cpu, f"{name}/cpu.shares", b"%d" % bounds.cpu_shares)
        if bounds.cpu_quota_us is not None:
            write(cpu, f"{name}/cpu.cfs_period_us", b"%d" % PERIOD_US)
            write(cpu, f"{name}/cpu.cfs_quota_us", b"%d" % bounds.cpu_quota_us)

    def _bound(self, name: str, bounds: Bounds) -> None:
        memory = self._folders["memory"]
        if bounds.mem_bytes is not None:
            write(memory, f"{name}/memory.limit_in_bytes", b"%d" % bounds.mem_bytes)
            if self._counts_swap:
                # Else what does not fit goes to the disk, and slows down everybody.
                write(memory, f"{name}/{WITH_SWAP}", b"%d" % bounds.mem_bytes)
        if bounds.mem_soft_bytes is not None and bounds.mem_soft_bytes != bounds.mem_bytes:
            write(memory, f"{name}/memory.soft_limit_in_bytes", b"%d" % bounds.mem_soft_bytes)
        if bounds.pids_max is not None:
            write(self._folders["pids"], f"{name}/pids.max", b"%d" % bounds.pids_max)

    def resize(self, name: str, bounds: Bounds) -> bool:
        cpu, memory = self._folders["cpu"], self._folders["memory"]
        write(cpu, f"{name}/cpu.shares", b"%d" % bounds.cpu_shares)
        write(cpu, f"{name}/cpu.cfs_period_us", b"%d" % PERIOD_US)
        write(cpu, f"{name}/cpu.cfs_quota_us", _or_none(bounds.cpu_quota_us))
        pids_max = b"max" if bounds.pids_max is None else b"%d" % bounds.pids_max
        write(self._folders["pids"], f"{name}/pids.max", pids_max)
        files = ["memory.limit_in_bytes", *([WITH_SWAP] if self._counts_swap else [])]
        if self._is_more(name, bounds.mem_bytes):
            files.reverse()
        try:
            for file in files:
                write(memory, f"{name}/{file}", _or_none(bounds.mem_bytes))
        except OSError as error:
            # The kernel takes back what it can, and refuses a limit below what is left.
            if error.errno != errno.EBUSY:
                raise
            return False
        write(memory, f"{name}/memory.soft_limit_in_bytes", _or_none(bounds.mem_soft_bytes))
        return True

    def _is_more(self, name: str, mem_bytes: int | None) -> bool:
        limit = int(read(self._folders["memory"], f"{name}/memory.limit_in_bytes"))
        return mem_bytes is None or mem_bytes > limit

    def exists(self, name: str) -> bool:
        return bool(folders_below(self._folders["pids"], name))

    def enter(self, name: str, pid: int = 0) -> None:
        file = f"{name}/cgroup.procs" if pid else f"{name}/tasks"
        for folder in self._entered:
            write(folder, file, b"%d" % pid)

    def members(self, name: str) -> list[int]:
        return read_numbers(self._folders["pids"], f"{name}/cgroup.procs")

    def end_all(self, name: str) -> bool:
        pids = self._folders["pids"]
        # A task may have made groups of its own in there.
        ended = [self._end(place) for place in folders_below(pids, name)]
        if not any(ended):
            return True
        if self.is_frozen(name):
            self._set_freezer(name, b"THAWED")
        return not any(self.members(place) for place in folders_below(pids, name))

    def _end(self, place: str) -> bool:
        """False if there was nothing to end."""
        if not self.members(place):
            return False
        try:
            # Who cannot fork cannot run away.
            write(self._folders["pids"], f"{place}/pids.max", b"0")
        except FileNotFoundError:
            return False
        return not kill_listed(lambda: self.members(place))

    def freeze(self, name: str, frozen: bool) -> None:
        if "freezer" not in self._folders:
            raise OSError(95, "the freezer of cgroup v1 is not mounted")
        if not frozen:
            if self.is_frozen(name):
                self._set_freezer(name, b"THAWED")
            return
        if self._folders["freezer"] not in self._entered:
            self._enter_freezer(name)
        self._set_freezer(name, b"FROZEN")

    def _enter_freezer(self, name: str) -> None:
        """Until all are in: those born meanwhile are born where their parents are."""
        folder = self._folders["freezer"]
        make_folder(folder, name)
        self._paused.add(name)
        end_s = time.monotonic() + FREEZE_WAIT_S
        while outside := set(self.members(name)) - set(
            read_numbers(folder, f"{name}/cgroup.procs")
        ):
            if time.monotonic() > end_s:
                raise OSError(11, "its processes fork too fast to be paused")
            for pid in outside:
                try:
                    write(folder, f"{name}/cgroup.procs", b"%d" % pid)
                except ProcessLookupError:
                    continue

    def _set_freezer(self, name: str, state: bytes) -> None:
        write(self._folders["freezer"], f"{name}/freezer.state", state)

    def is_frozen(self, name: str) -> bool:
        if "freezer" not in self._folders:
            return False
        try:
            state = read(self._folders["freezer"], f"{name}/freezer.state")
        except FileNotFoundError:
            return False
        return state.strip() != b"THAWED"

    def memory(self, name: str) -> Memory:
        folder, place = self._folders["memory"], f"{name}/memory"
        limit = int(read(folder, f"{place}.limit_in_bytes"))
        kills = read_table(folder, f"{place}.oom_control").get("oom_kill")
        if kills is None:  # Before Linux 4.13.
            kills = int(read(folder, f"{place}.failcnt"))
        return Memory(
            limit if limit < UNLIMITED_BYTES else None,
            int(read(folder, f"{place}.usage_in_bytes")),
            int(read(folder, f"{place}.max_usage_in_bytes")),
            kills,
        )

    def usage(self, name: str) -> Usage:
        ticks = os.sysconf("SC_CLK_TCK")
        user_ticks, system_ticks = self._cpu_times(name)
        waited = read_table(self._folders["cpu"], f"{name}/cpu.stat")
        held = read_table(self._folders["memory"], f"{name}/memory.stat")
        return Usage(
            user_ticks / ticks,
            system_ticks / ticks,
            waited.get("throttled_time", 0) / 1e9,
            held.get("rss", 0),
            self.memory(name),
            int(read(self._folders["pids"], f"{name}/pids.current")),
        )

    def _cpu_times(self, name: str) -> tuple[int, int]:
        """Of all that ever was in the group; or else of what is there and what that has reaped."""
        if self._counts_cpu:
            spent = read_table(self._folders["cpu"], f"{name}/cpuacct.stat")
            return spent.get("user", 0), spent.get("system", 0)
        times = [cpu_ticks(pid) for pid in self.members(name)]
        return sum(user for user, _ in times), sum(system for _, system in times)

    def remove(self, name: str) -> bool:
        # The cheapest to ask: what is empty there is empty everywhere.
        pids = self._folders["pids"]
        if not remove_folder(pids, name) and (
            self.members(name) or not self._remove_all(pids, name)
        ):
            return False
        others = [folder for folder in self._by_path.values() if folder != pids]
        gone = [self._remove_all(folder, name) for folder in others]
        return all(gone)

    def _remove_all(self, folder: int, name: str) -> bool:
        if folder == self._folders.get("freezer") and folder not in self._entered:
            # Few were ever paused, and each look costs.
            if name not in self._paused:
                return True
            self._paused.discard(name)
        if remove_folder(folder, name):
            return True
        for place in folders_below(folder, name):
            remove_folder(folder, place)
        return remove_folder(folder, name)

    def names(self) -> list[str]:
        found = {name for folder in self._by_path.values() for name in folders_in(folder)}
        return sorted(found - {LAUNCHER})

    def settle_in(self) -> None:
        """With systemd, the unit of a process is its place in a hierarchy of that name."""
        places = [*self._by_path, *([self._own_place] if self._own_place else [])]
        for path in places:
            place = os.path.join(path, LAUNCHER)
            make_folders(place)
            folder = open_folder(place)
            try:
                write(folder, "cgroup.procs", b"%d" % os.getpid())
            finally:
                os.close(folder)

    def close(self) -> None:
        """Out of our own place, then that and what holds it, as far as it is empty."""
        places = [*self._by_path, *([self._own_place] if self._own_place else [])]
        for path in places:
            above = os.path.dirname(path)
            folder = open_folder(os.path.dirname(above))
            try:
                write(folder, "cgroup.procs", b"%d" % os.getpid())
                for place in (os.path.join(path, LAUNCHER), path, above):
                    if not remove_folder(folder, place):
                        break
            finally:
                os.close(folder)


def _or_none(bound: int | None) -> bytes:
    return b"-1" if bound is None else b"%d" % bound
