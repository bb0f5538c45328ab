"""A task has taken more than it asked for: it is ended, and its end says why."""

from agent.effects import AgentEffect, KillProcess
from agent.events import DiskExceeded, MemoryExceeded
from agent.state import AgentState
from agent.tasks import OverDisk, Phase
from trimast.model.resources import Resources


def on_disk_exceeded(state: AgentState, event: DiskExceeded) -> list[AgentEffect]:
    """It came from a look at the disk that took its time: the task may have ended meanwhile."""
    task = state.tasks.get(event.key)
    if task is None or task.fence != event.fence or task.phase is not Phase.RUNNING:
        return []
    if task.over_disk is not None:
        return []
    task.over_disk = event.over
    return [KillProcess(task.key, task.fence)]


def disk_message(over: OverDisk) -> str:
    """In the words of Mesos."""
    return f"Disk usage ({_mib(over.used_bytes)}) exceeds quota ({_mib(over.limit_bytes)})"


def disk_limitation(over: OverDisk) -> Resources:
    return Resources.of({"disk": _mib_milli(over.limit_bytes)})


def memory_limitation(memory: MemoryExceeded) -> Resources:
    """As with Mesos: what it had, and not what it was allowed."""
    return Resources.of({"mem": _mib_milli(memory.peak)})


def memory_message(memory: MemoryExceeded) -> str:
    """In the words of Mesos."""
    limit = "none" if memory.limit is None else _mib(memory.limit)
    return (
        f"Memory limit exceeded: Requested: {limit} Maximum Used: {_mib(memory.peak)}"
        f" Used at the end: {_mib(memory.usage)}"
    )


def _mib(amount_bytes: int) -> str:
    return f"{amount_bytes / (1024 * 1024):.1f}MB"


def _mib_milli(amount_bytes: int) -> int:
    return amount_bytes * 1000 // (1024 * 1024)
