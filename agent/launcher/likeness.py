"""What a running task's process looks like to the kernel, so that another can stand beside it."""

import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from agent.launcher.processes import process_facts

_NAMESPACES: Final = ("ipc", "uts", "net", "mnt", "pid")
_SECOND: Final = "2"
"""In a namespace of its own the task is number 2: see `namespaces.py`."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """
    Attributes:
        pid: of the task itself, where the launcher's child only stands by for it.
        environment: as it was started with.
        user: number, group, other groups.
        box: what is taken from it: see `hardening.py`.
        namespaces: that are not our own, by kind.
    """

    pid: int
    environment: dict[bytes, bytes]
    user: tuple[int, int, tuple[int, ...]]
    box: dict[str, Any]
    namespaces: tuple[str, ...]


def likeness_of(pid: int) -> Likeness:
    """Raises OSError: there is no such process any more, or nobody may know."""
    pid = _task_itself(pid)
    with open(f"/proc/{pid}/environ", "rb") as file:
        variables = [pair.partition(b"=") for pair in file.read().split(b"\0") if b"=" in pair]
    lines = _status_of(pid)
    known = int(lines["CapBnd"], 16)
    box = {
        "rlimits": [[number, *_limits(pid, number)] for number in _rlimit_numbers()],
        "capabilities": [number for number in range(64) if known >> number & 1],
        "no_new_privs": lines.get("NoNewPrivs", "0").strip() == "1",
    }
    user = (
        int(lines["Uid"].split()[0]),
        int(lines["Gid"].split()[0]),
        tuple(map(int, lines["Groups"].split())),
    )
    environment = {name: value for name, _, value in variables}
    own = tuple(name for name in _NAMESPACES if _namespace(pid, name) != _namespace("self", name))
    return Likeness(pid, environment, user, box, own)


def _task_itself(pid: int) -> int:
    """A process that was born into a namespace is not the one that the launcher has forked."""
    if _namespace(pid, "pid_for_children") == _namespace(pid, "pid"):
        return pid
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        if b"agent.launcher" not in file.read().split(b"\0"):
            return pid  # The task itself has made that namespace.
    for first in _children_of({pid}):
        for second in _children_of({first}):
            if _status_of(second).get("NSpid", "").split()[-1:] == [_SECOND]:
                return second
    raise ProcessLookupError(3, "it has just ended")


def _children_of(parents: set[int]) -> list[int]:
    found: list[int] = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                text = file.read()
                if int(text[text.rindex(b")") + 2 :].split()[1]) in parents:
                    found.append(int(name))
    return [pid for pid in found if (facts := process_facts(pid)) and not facts.is_gone]


def _status_of(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return dict(line.split(":", 1) for line in file if ":" in line)


def _namespace(pid: int | str, name: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{name}")


def _rlimit_numbers() -> list[int]:
    names = (name for name in dir(resource) if name.startswith("RLIMIT_"))
    return sorted({getattr(resource, name) for name in names})


def _limits(pid: int, number: int) -> list[int | None]:
    bounds = resource.prlimit(pid, number)
    return [None if bound == resource.RLIM_INFINITY else bound for bound in bounds]
