"""A task: one command to run on one agent, and what a framework says of it."""

from dataclasses import dataclass

from trimast.model.container import ContainerInfo
from trimast.model.ids import AgentId, TaskId
from trimast.model.resources import Resources
from trimast.model.uri import Uri

Limits = tuple[tuple[str, int | None], ...]
"""Of cpus and mem, sorted by name: thousandths, or None for no limit at all."""


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """What to execute.

    Attributes:
        value: a shell line if `shell`, else the program; its arguments then are `arguments`,
            the first of which is the name the program sees as its own.
        environment: name and value; added to the little that every task gets.
        user: runs the command; "" is the framework's.
        uris: are in the sandbox before the command runs.
    """

    value: str
    shell: bool = True
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    uris: tuple[Uri, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a framework wants to run.

    Attributes:
        limits: up to which it may use more than `resources`; see `Limits`.
        kill_grace_ms: between asking the task to end and ending it; None is the agent's default.
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
