"""What a running task's process looks like to the kernel, so that another can stand beside it."""

import os
from dataclasses import dataclass

from agent.launcher.processes import process_facts


class NotRunning(Exception):
    """There is no such process any more."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """
    Attributes:
        environment: as it was started with.
        groups: beside `gid`.
    """

    environment: dict[str, str]
    uid: int
    gid: int
    groups: tuple[int, ...]


def likeness_of(pid: int, start_ticks: int) -> Likeness:
    """Of the process with that number that began then. Raises NotRunning."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = [pair.partition(b"=") for pair in file.read().split(b"\0") if b"=" in pair]
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        raise NotRunning from None
    facts = process_facts(pid)
    if facts is None or facts.is_gone or facts.start_ticks != start_ticks:
        raise NotRunning
    return Likeness(
        {os.fsdecode(name): os.fsdecode(value) for name, _, value in variables},
        int(lines["Uid"].split()[0]),
        int(lines["Gid"].split()[0]),
        tuple(map(int, lines["Groups"].split())),
    )
