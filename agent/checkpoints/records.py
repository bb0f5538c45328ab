"""What an agent writes down. Read again from the first to the last, they tell what it held."""

from dataclasses import dataclass

from agent.executors.executor import ExecutorNotes
from agent.tasks import NO_NOTES, TaskKey, TaskNotes
from trimast.model.ids import AgentId
from trimast.model.status_update import StatusUpdate


@dataclass(frozen=True, slots=True)
class AgentAdmitted:
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AgentDescribed:
    """What the agent says of its machine.

    Attributes:
        resources: as text.
        attributes: name and text, sorted.
    """

    resources: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EpochSeen:
    """On disk before an order of that epoch is obeyed."""

    epoch: int


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    """On disk before the task is started.

    Attributes:
        settled: up to which sequence number no report about it matters any more.
    """

    key: TaskKey
    fence: int
    settled: int = 0
    notes: TaskNotes = NO_NOTES


@dataclass(frozen=True, slots=True)
class ProcessBegun:
    """The triple that tells a process from a later one that was given the same number.

    Attributes:
        start_ticks: when the process began, in clock ticks after the kernel did.
        boot_id: of the kernel it began under.
    """

    key: TaskKey
    fence: int
    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class ReportMade:
    """On disk before the report is sent."""

    update: StatusUpdate


@dataclass(frozen=True, slots=True)
class ReportsTaken:
    """The masters own these reports now. Losing this record only sends them once more."""

    uuids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TasksEnded:
    """Ended and settled, with the fence of each: never to be started again."""

    ended: tuple[tuple[TaskKey, int], ...]


@dataclass(frozen=True, slots=True)
class ExecutorAccepted:
    """On disk before the executor is started. Its process is written down as a task's is."""

    key: TaskKey
    fence: int
    notes: ExecutorNotes


@dataclass(frozen=True, slots=True)
class ExecutorEnded:
    """Its process is gone."""

    key: TaskKey
    fence: int


@dataclass(frozen=True, slots=True)
class StatusesAcknowledged:
    """The masters have these of a task's executor, which may not have heard that."""

    key: TaskKey
    fence: int
    uuids: tuple[bytes, ...]


Record = (
    AgentAdmitted
    | AgentDescribed
    | EpochSeen
    | TaskAccepted
    | ProcessBegun
    | ReportMade
    | ReportsTaken
    | TasksEnded
    | ExecutorAccepted
    | ExecutorEnded
    | StatusesAcknowledged
)
