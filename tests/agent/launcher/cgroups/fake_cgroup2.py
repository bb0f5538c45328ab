"""A folder that behaves as the kernel's cgroup v2 does, as far as we lean on that."""

import os
import shutil
import signal
from pathlib import Path
from typing import Final

import pytest

from agent.launcher.cgroups import files, v2
from agent.launcher.processes import process_facts

CONTROLLERS: Final = "cpu io memory pids"
_FILES: Final = {
    "cgroup.procs": "",
    "cgroup.subtree_control": "",
    "cgroup.controllers": CONTROLLERS,
    "cgroup.events": "populated 0\nfrozen 0\n",
    "cgroup.freeze": "0",
    "cgroup.kill": "",
    "cpu.stat": "user_usec 2000000\nsystem_usec 1000000\nthrottled_usec 500000\n",
    "cpu.weight": "100",
    "cpu.max": "max 100000",
    "memory.current": "4096",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "memory.high": "max",
    "memory.low": "0",
    "memory.max": "max",
    "memory.oom.group": "0",
    "memory.peak": "8192",
    "memory.swap.max": "max",
    "memory.stat": "anon 2048\nfile 1024\n",
    "pids.current": "1",
    "pids.max": "max",
}


class FakeCgroup2:
    """
    Attributes:
        mount: where it looks like a mounted hierarchy.
    """

    def __init__(self, mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mount = mount
        mount.mkdir()
        self._fill(mount)
        for name in ("write", "make_folder", "make_folders", "remove_folder", "read_numbers"):
            monkeypatch.setattr(v2, name, getattr(self, name))
        monkeypatch.setattr(v2, "read_table", self.read_table)

    def make_folder(self, parent: int, name: str) -> None:
        self.make_folders(str(_place(parent) / name))

    def make_folders(self, path: str) -> None:
        place = self.mount
        for part in Path(path).relative_to(self.mount).parts:
            place /= part
            if not place.exists():
                place.mkdir()
                self._fill(place)

    def remove_folder(self, parent: int, name: str) -> bool:
        place = _place(parent) / name
        if not place.exists():
            return True
        if self._living(place) or any(each.is_dir() for each in place.iterdir()):
            return False
        shutil.rmtree(place)
        return True

    def write(self, parent: int, path: str, data: bytes) -> None:
        place = (_place(parent) / path).resolve()
        if not place.exists():
            raise FileNotFoundError(2, "no such file", path)
        if place.name == "cgroup.procs":
            for other in self.mount.rglob("cgroup.procs"):
                kept = [pid for pid in other.read_text().split() if pid != data.decode()]
                other.write_text("\n".join(kept))
            data = (place.read_text() + "\n").encode() + data
        elif place.name == "cgroup.kill":
            for pid in self._living(place.parent):
                os.kill(pid, signal.SIGKILL)
        place.write_bytes(data)

    def read_numbers(self, parent: int, path: str) -> list[int]:
        place = _place(parent) / path
        if place.name == "cgroup.procs":
            return self._living(place.parent)
        return files.read_numbers(parent, path)

    def read_table(self, parent: int, path: str) -> dict[str, int]:
        place = _place(parent) / path
        if place.name == "cgroup.events" and place.exists():
            return {"populated": int(bool(self._living(place.parent)))}
        return files.read_table(parent, path)

    def _living(self, place: Path) -> list[int]:
        if not place.exists():
            return []
        pids = [int(pid) for pid in (place / "cgroup.procs").read_text().split()]
        return [p for p in pids if (facts := process_facts(p)) is not None and not facts.is_gone]

    def _fill(self, place: Path) -> None:
        for name, text in _FILES.items():
            (place / name).write_text(text)


def _place(folder: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{folder}"))
