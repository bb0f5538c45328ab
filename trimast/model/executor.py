"""An executor: a program of the framework's that runs tasks on an agent."""

from dataclasses import dataclass, field
from enum import StrEnum

from trimast.model.command import CommandInfo
from trimast.model.ids import ExecutorId, FrameworkId
from trimast.model.resources import NOTHING, Resources


class ExecutorKind(StrEnum):
    """Named as in `mesos.v1.ExecutorInfo.Type`."""

    CUSTOM = "custom"
    """The framework brings it, and it speaks the executor API."""
    DEFAULT = "default"
    """The agent's own: runs groups of tasks."""


@dataclass(frozen=True, slots=True)
class ExecutorInfo:
    """
    Attributes:
        command: starts it; None for the agent's own.
        resources: of its own, held once, however many tasks it has.
        framework_id: as the framework wrote it, if it did.
        shutdown_grace_ms: between asking it to end and ending it; None is the agent's default.
        labels, data: carried for the framework, never read.
    """

    executor_id: ExecutorId
    kind: ExecutorKind = ExecutorKind.CUSTOM
    command: CommandInfo | None = None
    resources: Resources = NOTHING
    name: str = ""
    framework_id: FrameworkId | None = field(default=None, compare=False)
    shutdown_grace_ms: int | None = None
    labels: tuple[tuple[str, str], ...] = ()
    data: bytes = b""
