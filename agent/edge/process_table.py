"""Processes as the kernel knows them: told apart by number, start time and boot."""

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

from agent.checkpoints.records import ProcessBegun
from agent.edge.machine import boot_id

LEFTOVER_WAIT_MS = 1_000


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """
    Attributes:
        group: number of its process group.
        start_ticks: when it began, in clock ticks after the kernel did.
    """

    group: int
    start_ticks: int


def process_facts(pid: int) -> ProcessFacts | None:
    """None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, second of the fields, may hold spaces and brackets of its own.
    fields = text[text.rindex(b")") + 2 :].split()
    return ProcessFacts(group=int(fields[2]), start_ticks=int(fields[19]))


def kill_leftover(process: ProcessBegun, wait_ms: int = LEFTOVER_WAIT_MS) -> bool:
    """End the group of a process that an earlier life of the agent began, if it surely is that.

    Waits a little for it to be gone, so that what it used is free when its end is told.

    Returns:
        False if the process is gone, or the number is another's by now: then nothing is touched.
    """
    if process.boot_id != boot_id():
        return False
    try:
        # Holds on to the process, so that it cannot change between the look and the blow.
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if process_facts(process.pid) != ProcessFacts(process.pid, process.start_ticks):
            return False
        os.killpg(process.pid, signal.SIGKILL)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        gone.poll(wait_ms)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(handle)
    return True
