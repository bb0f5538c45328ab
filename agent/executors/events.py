"""What executors say to their agent."""

from dataclasses import dataclass

from agent.tasks import TaskKey
from trimast.model.ids import TaskId
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


@dataclass(frozen=True, slots=True)
class ExecutorStatus:
    """
    Attributes:
        uuid: 16 bytes, its own; the same when it is sent again.
    """

    task_id: TaskId
    state: TaskState
    uuid: bytes
    reason: StatusReason | None = None
    message: str = ""
    healthy: bool | None = None
    data: bytes = b""
    labels: tuple[tuple[str, str], ...] = ()
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class ExecutorSubscribed:
    """
    Attributes:
        tasks: it was given, and has not reported of, as far as it knows.
        statuses: it has sent, and nobody has acknowledged, as far as it knows.
    """

    key: TaskKey
    stream_id: int
    tasks: frozenset[TaskId] = frozenset()
    statuses: tuple[ExecutorStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecutorUnsubscribed:
    key: TaskKey
    stream_id: int


@dataclass(frozen=True, slots=True)
class ExecutorReported:
    key: TaskKey
    status: ExecutorStatus


@dataclass(frozen=True, slots=True)
class ExecutorSaid:
    """Bytes for its framework."""

    key: TaskKey
    data: bytes
