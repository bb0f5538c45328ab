"""What an agent notes of its containers, so that its next life knows which tasks have one.

One file each, there before `podman run` is, and until the end of the task is on disk.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from agent.launcher.cgroups.finding import cgroup_mounts

_SUFFIX: Final = ".json"
_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """
    Attributes:
        name: of the container.
        launch: what the launcher calls it.
        group: its cgroup's folder below each mount; "" if that is podman's business.
        is_split: the container is below the cgroup that podman was started in.
        mem_bytes: None without a limit.
        stderr: the file that podman complains in.
    """

    name: str
    launch: str
    group: str
    is_split: bool
    mem_bytes: int | None
    stderr: str


def container_name(launch: str) -> str:
    digest = hashlib.sha256(launch.encode("utf-8", "surrogatepass")).hexdigest()
    return f"trimast-{digest[:32]}"


def owner_of(folder: Path) -> str:
    """Of the containers of the agent whose launcher has that folder."""
    return hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]


class ContainerRecords:
    """Its methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[ContainerRecord]:
        """What cannot be read was never whole, and its container never started."""
        records: list[ContainerRecord] = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                records.append(ContainerRecord(**said))
            except (ValueError, TypeError):
                path.unlink()
        return records

    def pid_file(self, name: str) -> Path:
        return self._folder / f"{name}.pid"

    def has_begun(self, name: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return self.pid_file(name).stat().st_size > 0
        return False

    def add(self, record: ContainerRecord) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{record.name}{_SUFFIX}"
        new_path = path.with_suffix(".new")
        new_path.write_text(json.dumps(asdict(record)), encoding="utf-8")
        new_path.rename(path)

    def drop(self, name: str) -> None:
        for path in (self._folder / f"{name}{_SUFFIX}", self.pid_file(name)):
            path.unlink(missing_ok=True)


def complaint_in(path: str) -> str:
    """What podman has said last, or ""."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        size_bytes = os.fstat(file).st_size
        tail = os.pread(file, _TAIL_BYTES, max(0, size_bytes - _TAIL_BYTES))
    finally:
        os.close(file)
    lines = tail.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ")[:500] if lines else ""


def remove_left_groups(group: str) -> None:
    """Where the launcher has none, but the container had; as far as they are empty."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        unified, mounts = cgroup_mounts(file.read())
    for mount in {*mounts.values(), *([unified] if unified else [])}:
        for folder, _, _ in os.walk(mount + group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
