"""Processes as the kernel knows them: told apart by number, start time and boot."""

import os
import signal
from dataclasses import dataclass

_STAT_BYTES_MAX = 4_096
_GONE = (b"Z", b"X", b"x")


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """
    Attributes:
        group, session: numbers of those that the process is in.
        start_ticks: when it began, in clock ticks after the kernel did.
        is_gone: nothing is left of it but its end, which nobody has asked for yet.
    """

    group: int
    session: int
    start_ticks: int
    is_gone: bool


def boot_id() -> str:
    """Another one after every start of the kernel."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def process_facts(pid: int) -> ProcessFacts | None:
    """None if there is no such process."""
    text = _stat_of(pid)
    if text is None:
        return None
    # The name, second of the fields, may hold spaces and brackets of its own.
    fields = text[text.rindex(b")") + 2 :].split()
    return ProcessFacts(int(fields[2]), int(fields[3]), int(fields[19]), fields[0] in _GONE)


def _stat_of(pid: int) -> bytes | None:
    """Of each task at its start: a file object would cost more than the kernel's answer."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        return os.read(file, _STAT_BYTES_MAX)
    except ProcessLookupError:
        return None
    finally:
        os.close(file)


def cpu_ticks(pid: int) -> tuple[int, int]:
    """Spent as its user and in the kernel, with what its reaped children spent; 0 if it is gone."""
    text = _stat_of(pid)
    if text is None:
        return 0, 0
    user, system, reaped_user, reaped_system = map(
        int, text[text.rindex(b")") + 2 :].split()[11:15]
    )
    return user + reaped_user, system + reaped_system


def is_stopped(pid: int) -> bool:
    """By a signal, until another has it go on. Nobody is who is not there."""
    text = _stat_of(pid)
    return text is not None and text[text.rindex(b")") + 2 :].startswith(b"T")


def open_if_it_is(pid: int, start_ticks: int) -> int | None:
    """A handle on the living process that leads its group and began at `start_ticks`.

    None if it is gone, or if the number is another's by now. The handle holds on to the process,
    so that it cannot become another between this look and whatever is done to it.
    """
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    facts = process_facts(pid)
    if facts is None or facts.is_gone or (facts.group, facts.start_ticks) != (pid, start_ticks):
        os.close(handle)
        return None
    return handle


def signal_group(leader: int, number: int) -> bool:
    """Only while the leader cannot have become another's. False if that is not permitted."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return True  # It ended, and left nothing behind.
    except PermissionError:
        return False  # It changed its user; who is not root cannot follow it there.
    return True


def kill_left_of_group(leader: int, folder: str) -> None:
    """What is left of the group of a leader that somebody else has reaped.

    Its number may be another's by now, so each member is looked at, and held, before it is ended:
    one of ours was started with the task's folder in its environment.
    """
    if not leader:
        return  # Nobody knows whether there ever was a process.
    facts = process_facts(leader)
    if not folder or (facts is not None and not facts.is_gone):
        return  # Whoever has the number now could not have it if any of ours were left.
    for name in os.listdir("/proc"):
        if name.isdigit():
            _kill_member(int(name), leader, folder)


def _kill_member(pid: int, group: int, folder: str) -> None:
    facts = process_facts(pid)
    if facts is None or (facts.group, facts.session) != (group, group):
        return
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            values = [pair.partition(b"=")[2] for pair in file.read().split(b"\0")]
        if process_facts(pid) == facts and os.fsencode(folder) in values:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return
    finally:
        os.close(handle)
