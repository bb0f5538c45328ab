"""A task: what a framework wants to run on one agent, and what it says of it."""

from dataclasses import dataclass
from typing import Final

from trimast.model.checks import Check, HealthCheck
from trimast.model.command import CommandInfo
from trimast.model.container import ContainerInfo, Network
from trimast.model.executor import ExecutorInfo
from trimast.model.ids import AgentId, TaskId
from trimast.model.resources import Resources

Limits = tuple[tuple[str, int | None], ...]
"""Of cpus and mem, sorted by name: thousandths, or None for no limit at all."""

__all__ = ["NO_COMMAND", "CommandInfo", "TaskInfo"]

NO_COMMAND: Final = CommandInfo("")
"""Of a task that is its executor's business."""


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a framework wants to run.

    Attributes:
        limits: up to which it may use more than `resources`; see `Limits`.
        command: `NO_COMMAND` if it has a custom executor.
        kill_grace_ms: between asking the task to end and ending it; None is the agent's default.
        max_completion_ms: after its start it is killed, and has failed; None: it may run for ever.
        labels, data: carried for the framework, never read.
    """

    task_id: TaskId
    name: str
    agent_id: AgentId
    resources: Resources
    command: CommandInfo
    kill_grace_ms: int | None = None
    labels: tuple[tuple[str, str], ...] = ()
    data: bytes = b""
    limits: Limits = ()
    container: ContainerInfo | None = None
    executor: ExecutorInfo | None = None
    check: Check | None = None
    health_check: HealthCheck | None = None
    max_completion_ms: int | None = None


def network_of(task: TaskInfo) -> Network:
    container = task.container
    if container is None:
        return Network.HOST
    return container.network if container.image is None else container.image.network
