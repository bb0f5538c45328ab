"""One start of one task, as the launcher remembers it."""

import os
from dataclasses import dataclass, field
from typing import Any, Final

from agent.launcher.processes import process_facts

RUNNING: Final = "running"
ENDED: Final = "ended"
FAILED: Final = "failed"
VANISHED: Final = "vanished"
UNKNOWN: Final = "unknown"

LAUNCHER_DIED: Final = "launcher_died"
MACHINE_RESTARTED: Final = "machine_restarted"
RECORDS_DAMAGED: Final = "records_damaged"


@dataclass(slots=True)
class Launch:
    """
    Attributes:
        name: the agent's; means nothing here.
        phase: RUNNING, ENDED, FAILED (there never was a process) or VANISHED (it is gone, and how
            it ended nobody knows).
        pid, start_ticks, boot_id: of the leader of its group.
        folder: of the task; its processes have that in their environment.
        exit_code, signal: one of them once it is ENDED.
        why: of FAILED for people; of VANISHED one of the words above.
        group: its cgroup; "" if it has none.
        memory: limit, usage and peak in bytes, if the kernel has ended one of its processes because
            of that limit.
        is_paused: all its processes are held where they are.
        mark: of the first signal that the agent had sent to it; the agent's word.
        is_told: that it runs; before that it may still turn out that it cannot be started.
        is_child: of this very process, so its end will be known.
        handle: readable when the process has ended; -1 for none.
        errors: what its start may still complain of; -1 once it is over.
    """

    name: str
    phase: str
    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""
    folder: str = ""
    exit_code: int | None = None
    signal: int | None = None
    why: str = ""
    mark: str = ""
    group: str = ""
    memory: list[int | None] = field(default_factory=list)
    is_paused: bool = False
    is_told: bool = True
    is_child: bool = False
    handle: int = -1
    errors: int = -1

    @property
    def is_live(self) -> bool:
        return self.phase == RUNNING


def launch_of_child(order: dict[str, Any], pid: int, boot_id: str) -> Launch:
    """Of a process of this one that was just born for this order."""
    facts = process_facts(pid)
    assert facts is not None  # Nobody else reaps it.
    return Launch(
        order["launch"],
        RUNNING,
        pid,
        facts.start_ticks,
        boot_id,
        order["folder"],
        # An earlier version has no groups.
        group=order.get("group", ""),
        is_child=True,
        handle=os.pidfd_open(pid),
    )


def news_of(launch: Launch) -> dict[str, Any]:
    """What an agent is told of it, whenever it changes and whenever it asks."""
    return {
        "say": "launch",
        "launch": launch.name,
        "is": launch.phase,
        "pid": launch.pid,
        "start_ticks": launch.start_ticks,
        "boot_id": launch.boot_id,
        "exit_code": launch.exit_code,
        "signal": launch.signal,
        "why": launch.why,
        "mark": launch.mark,
        "memory": launch.memory,
        "paused": launch.is_paused,
    }
