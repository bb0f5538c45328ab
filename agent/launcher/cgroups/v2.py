"""Groups in the one hierarchy of cgroup v2."""

import contextlib
import os
from typing import Final

from agent.launcher.cgroups.contract import CGROUP_2, LAUNCHER, PERIOD_US, Bounds, Memory, Usage
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

NEEDED: Final = ("memory", "cpu", "pids")
SWAP: Final = "memory.swap.max"
WEIGHT_MAX: Final = 10_000


def weight_of(shares: int) -> int:
    """Shares go from 2 to 262144, weights from 1 to 10000. As systemd and runc have it."""
    return min(WEIGHT_MAX, 1 + (max(shares, 2) - 2) * 9_999 // 262_142)


class V2Groups:
    """
    Args:
        mount: of the hierarchy.
        root: below it, where the groups go; "trimast/0123abcd".

    Raises OSError: they cannot be made there.
    """

    def __init__(self, mount: str, root: str) -> None:
        self.kind = CGROUP_2
        self.why = ""
        self._mount = mount
        self._path = os.path.join(mount, root)
        make_folders(self._path)
        top = open_folder(mount)
        try:
            there = read(top, "cgroup.controllers").decode("ascii").split()
            self._controllers = frozenset(there) & frozenset(NEEDED)
            self._pass_on(top, os.path.relpath(self._path, mount))
        finally:
            os.close(top)
        self._root = open_folder(self._path)
        # Only where the kernel counts swap at all.
        self._counts_swap = os.path.exists(os.path.join(self._path, SWAP))

    def _pass_on(self, top: int, root: str) -> None:
        """What a group has in its files is decided by the one above it."""
        wanted = " ".join(f"+{name}" for name in sorted(self._controllers)).encode("ascii")
        if not wanted:
            return
        place = "."
        for part in ("", *root.split("/")):
            place = os.path.join(place, part) if part else place
            write(top, f"{place}/cgroup.subtree_control", wanted)

    def make(self, name: str, bounds: Bounds, *, with_cpu: bool = True) -> None:
        make_folder(self._root, name)
        try:
            if with_cpu:
                self.bound_cpu(name, bounds)
            for file, data in self._files_of(bounds):
                write(self._root, f"{name}/{file}", data)
        except OSError:
            self.remove(name)
            raise

    def bound_cpu(self, name: str, bounds: Bounds) -> None:
        if "cpu" not in self._controllers:
            return
        write(self._root, f"{name}/cpu.weight", b"%d" % weight_of(bounds.cpu_shares))
        if bounds.cpu_quota_us is not None:
            write(self._root, f"{name}/cpu.max", b"%d %d" % (bounds.cpu_quota_us, PERIOD_US))

    def _files_of(self, bounds: Bounds) -> list[tuple[str, bytes]]:
        files: list[tuple[str, bytes]] = []
        if "memory" in self._controllers:
            if bounds.mem_bytes is not None:
                files.append(("memory.max", b"%d" % bounds.mem_bytes))
                if self._counts_swap:
                    # Else what does not fit goes to the disk, and slows down everybody.
                    files.append((SWAP, b"0"))
            if bounds.mem_soft_bytes is not None:
                files.append(("memory.low", b"%d" % bounds.mem_soft_bytes))
            # All of it or nothing: half a task is of no use, and says nothing of what it lacks.
            files.append(("memory.oom.group", b"1"))
        if "pids" in self._controllers and bounds.pids_max is not None:
            files.append(("pids.max", b"%d" % bounds.pids_max))
        return files

    def resize(self, name: str, bounds: Bounds) -> bool:
        if "cpu" in self._controllers:
            write(self._root, f"{name}/cpu.weight", b"%d" % weight_of(bounds.cpu_shares))
            quota = _or_max(bounds.cpu_quota_us)
            write(self._root, f"{name}/cpu.max", b"%s %d" % (quota, PERIOD_US))
        if "pids" in self._controllers:
            write(self._root, f"{name}/pids.max", _or_max(bounds.pids_max))
        return "memory" not in self._controllers or self._resize_memory(name, bounds)

    def _resize_memory(self, name: str, bounds: Bounds) -> bool:
        write(self._root, f"{name}/memory.low", b"%d" % (bounds.mem_soft_bytes or 0))
        if bounds.mem_bytes is not None:
            # A lower maximum would end processes; this has the kernel take back what it can, and
            # slow down whoever wants more.
            write(self._root, f"{name}/memory.high", _or_max(bounds.mem_bytes))
            if int(read(self._root, f"{name}/memory.current")) > bounds.mem_bytes:
                return False
        write(self._root, f"{name}/memory.max", _or_max(bounds.mem_bytes))
        if self._counts_swap:
            write(self._root, f"{name}/{SWAP}", b"max" if bounds.mem_bytes is None else b"0")
        write(self._root, f"{name}/memory.high", b"max")
        return True

    def exists(self, name: str) -> bool:
        return bool(folders_below(self._root, name))

    def enter(self, name: str, pid: int = 0) -> None:
        write(self._root, f"{name}/cgroup.procs", b"%d" % pid)

    def members(self, name: str) -> list[int]:
        return read_numbers(self._root, f"{name}/cgroup.procs")

    def end_all(self, name: str) -> bool:
        if self._is_empty(name):
            return True
        try:
            write(self._root, f"{name}/cgroup.kill", b"1")
        except FileNotFoundError:  # Before Linux 5.14. Who is frozen does not fork.
            with contextlib.suppress(FileNotFoundError):
                write(self._root, f"{name}/cgroup.freeze", b"1")
            kill_listed(lambda: self.members(name))
        return self._is_empty(name)

    def _is_empty(self, name: str) -> bool:
        """What a task has made below its group counts."""
        return not read_table(self._root, f"{name}/cgroup.events").get("populated", 0)

    def freeze(self, name: str, frozen: bool) -> None:
        write(self._root, f"{name}/cgroup.freeze", b"1" if frozen else b"0")

    def is_frozen(self, name: str) -> bool:
        return read_numbers(self._root, f"{name}/cgroup.freeze") == [1]

    def memory(self, name: str) -> Memory:
        if "memory" not in self._controllers:
            return Memory(None, 0, 0, 0)
        limit = read(self._root, f"{name}/memory.max").strip()
        usage = int(read(self._root, f"{name}/memory.current"))
        try:
            peak = int(read(self._root, f"{name}/memory.peak"))
        except FileNotFoundError:  # Before Linux 5.19.
            peak = usage
        kills = read_table(self._root, f"{name}/memory.events").get("oom_kill", 0)
        return Memory(None if limit == b"max" else int(limit), usage, peak, kills)

    def usage(self, name: str) -> Usage:
        spent = read_table(self._root, f"{name}/cpu.stat")
        held = read_table(self._root, f"{name}/memory.stat")
        pids = read_numbers(self._root, f"{name}/pids.current") or [len(self.members(name))]
        return Usage(
            spent.get("user_usec", 0) / 1e6,
            spent.get("system_usec", 0) / 1e6,
            spent.get("throttled_usec", 0) / 1e6,
            held.get("anon", 0),
            self.memory(name),
            pids[0],
        )

    def remove(self, name: str) -> bool:
        if remove_folder(self._root, name):
            return True
        if not self._is_empty(name):
            return False
        # A task may have made groups of its own in there.
        for place in folders_below(self._root, name):
            remove_folder(self._root, place)
        return remove_folder(self._root, name)

    def names(self) -> list[str]:
        return [name for name in folders_in(self._root) if name != LAUNCHER]

    def settle_in(self) -> None:
        make_folder(self._root, LAUNCHER)
        write(self._root, f"{LAUNCHER}/cgroup.procs", b"%d" % os.getpid())

    def close(self) -> None:
        """Out of our own place, then that and what holds it, as far as it is empty."""
        top = open_folder(self._mount)
        try:
            write(top, "cgroup.procs", b"%d" % os.getpid())
            for place in (os.path.join(self._path, LAUNCHER), self._path):
                if not remove_folder(top, place):
                    return
            remove_folder(top, os.path.dirname(self._path))
        finally:
            os.close(top)


def _or_max(bound: int | None) -> bytes:
    return b"max" if bound is None else b"%d" % bound
