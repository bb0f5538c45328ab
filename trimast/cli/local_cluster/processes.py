"""Processes of a local cluster: told apart by number and start time, so that none is mistaken."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trimast

LAUNCHER_MODULE: Final = "agent.launcher"
_POLL_S: Final = 0.02
_GONE_STATES: Final = frozenset(b"ZXx")


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """
    Attributes:
        start_ticks: when it began, in clock ticks after the kernel did.
    """

    pid: int
    start_ticks: int


def mark_of(pid: int) -> ProcessMark | None:
    """None if there is no such process, or only what is left of it until its parent looks."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name, second of the fields, may hold spaces and brackets of its own.
    fields = text[text.rindex(b")") + 2 :].split()
    if fields[0][0] in _GONE_STATES:
        return None
    return ProcessMark(pid, int(fields[19]))


def is_alive(process: ProcessMark | None) -> bool:
    return process is not None and mark_of(process.pid) == process


def python_path() -> str:
    """Where a Python with `-P` finds what this one has found."""
    return str(Path(trimast.__file__).parent.parent)


def environment_of_children() -> dict[str, str]:
    """Ours, without the settings in it, which are meant for somebody else."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TRIMAST_")}
    kept["PYTHONPATH"] = python_path()
    return kept


def start_detached(module: str, arguments: Sequence[str], log: Path) -> ProcessMark:
    """`python -m module`, in a session of its own; what it prints is added to `log`.

    It goes on when this process ends, and hears nothing of Ctrl-C.
    """
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", module, *arguments],
            environment_of_children(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, out, 1),
                (os.POSIX_SPAWN_DUP2, out, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(out)
        os.close(nothing)
    # Ended already: a start time that no process has.
    return mark_of(pid) or ProcessMark(pid, -1)


def send(process: ProcessMark, number: signal.Signals) -> bool:
    """False if that very process is gone; then nothing is signalled."""
    try:
        # Holds on to the process, so that it cannot change between the look and the blow.
        handle = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def wait_gone(processes: Iterable[ProcessMark], timeout_s: float) -> list[ProcessMark]:
    """Those that are still there when the time is up."""
    end_s = time.monotonic() + timeout_s
    waiting = list(processes)
    while True:
        for process in waiting:
            _reap(process.pid)
        waiting = [process for process in waiting if is_alive(process)]
        if not waiting or time.monotonic() >= end_s:
            return waiting
        time.sleep(_POLL_S)


def stop(
    processes: Iterable[ProcessMark], grace_s: float, number: signal.Signals = signal.SIGTERM
) -> None:
    """Ask all to end, and after `grace_s` end those that did not."""
    asked = [process for process in processes if send(process, number)]
    # A stopped process hears of it only when it goes on.
    for process in asked:
        send(process, signal.SIGCONT)
    stubborn = wait_gone(asked, grace_s)
    for process in stubborn:
        send(process, signal.SIGKILL)
    wait_gone(stubborn, grace_s)


def tasks_left_under(folder: Path) -> Iterator[ProcessMark]:
    """Tasks whose agent ended before them: their environment names a sandbox in `folder`."""
    wanted = f"MESOS_SANDBOX={folder}/".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0")
            process = mark_of(int(entry.name))
            if process and any(variable.startswith(wanted) for variable in variables):
                yield process


def launchers_under(folder: Path) -> Iterator[ProcessMark]:
    """Those of agents whose directories are in `folder`: the processes that start tasks."""
    wanted = f"{folder}/".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            process = mark_of(int(entry.name))
            is_launcher = LAUNCHER_MODULE.encode() in arguments
            if process and is_launcher and any(a.startswith(wanted) for a in arguments):
                yield process


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
