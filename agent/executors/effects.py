"""What executors are told, and what is told of them."""

from dataclasses import dataclass

from agent.executors.executor import ExecutorNotes
from agent.tasks import TaskKey
from trimast.model.ids import AgentId, FrameworkId, TaskId
from trimast.model.resource_kind import VolumeName
from trimast.model.task import TaskInfo


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The first word of a stream.

    Attributes:
        fence: names its container.
    """

    framework_id: FrameworkId
    notes: ExecutorNotes
    fence: int


@dataclass(frozen=True, slots=True)
class Launch:
    task: TaskInfo


@dataclass(frozen=True, slots=True)
class LaunchGroup:
    """All of them or none."""

    tasks: tuple[TaskInfo, ...]


@dataclass(frozen=True, slots=True)
class EndTask:
    """
    Attributes:
        grace_ms: None if the order names none.
    """

    task_id: TaskId
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    task_id: TaskId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class Message:
    data: bytes


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End all tasks, then yourself."""


ExecutorNews = Subscribed | Launch | LaunchGroup | EndTask | Acknowledged | Message | Shutdown


@dataclass(frozen=True, slots=True)
class LinkVolumes:
    """Into the sandbox of an executor; `VolumesLinked` follows.

    Attributes:
        key, fence: of the task that wants them.
        executor, executor_fence: whose sandbox it is.
        volumes: each with the role that it is reserved for.
    """

    agent_id: AgentId
    key: TaskKey
    fence: int
    executor: TaskKey
    executor_fence: int
    volumes: tuple[tuple[str, VolumeName], ...]


@dataclass(frozen=True, slots=True)
class TellExecutor:
    key: TaskKey
    stream_id: int
    news: ExecutorNews


@dataclass(frozen=True, slots=True)
class CloseExecutorStream:
    key: TaskKey
    stream_id: int


@dataclass(frozen=True, slots=True)
class PassToFramework:
    """Bytes from an executor, over the link to the master."""

    link_id: int
    key: TaskKey
    data: bytes


@dataclass(frozen=True, slots=True)
class TellExecutorEnded:
    """
    Attributes:
        status: as wait(2) has it.
    """

    link_id: int
    key: TaskKey
    status: int


@dataclass(frozen=True, slots=True)
class NoteExecutor:
    """Something about an executor is worth a line in the log.

    Attributes:
        what: started, subscribed, left, asked_to_end, ended.
    """

    key: TaskKey
    fence: int
    what: str
    why: str = ""


ExecutorEffect = (
    LinkVolumes
    | TellExecutor
    | CloseExecutorStream
    | PassToFramework
    | TellExecutorEnded
    | NoteExecutor
)
