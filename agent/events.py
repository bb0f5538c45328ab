"""What can happen to an agent. An event is a fact, named in the past tense."""

from dataclasses import dataclass

from agent.tasks import TaskKey
from trimast.model.ids import AgentId, MasterId
from trimast.model.task import TaskInfo


@dataclass(frozen=True, slots=True)
class LinkOpened:
    """A stream to a master that says it leads. Every link has a number of its own."""

    link_id: int


@dataclass(frozen=True, slots=True)
class LinkClosed:
    link_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Welcome:
    agent_id: AgentId
    master_id: MasterId
    silence_max_ms: int
    send_inventory: bool


@dataclass(frozen=True, slots=True)
class RunTask:
    key: TaskKey
    task: TaskInfo
    fence: int
    user: str


@dataclass(frozen=True, slots=True)
class RunTasks:
    tasks: tuple[RunTask, ...]


@dataclass(frozen=True, slots=True)
class KillTask:
    """
    Attributes:
        grace_ms: None if the order names none.
    """

    key: TaskKey
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class KillTasks:
    tasks: tuple[KillTask, ...]


@dataclass(frozen=True, slots=True)
class TakeReports:
    """These reports need not be sent again."""

    uuids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    reason: str
    for_ever: bool


Order = Welcome | RunTasks | KillTasks | TakeReports | Ping | TurnedAway


@dataclass(frozen=True, slots=True)
class MasterSaid:
    link_id: int
    epoch: int
    order: Order


@dataclass(frozen=True, slots=True)
class RecordsWritten:
    """Every batch of records up to this one is on disk."""

    batch_id: int


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    key: TaskKey
    fence: int
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class StartFailed:
    """There is no process, and will be none."""

    key: TaskKey
    fence: int
    why: str


@dataclass(frozen=True, slots=True)
class ProcessExited:
    """The process is gone, and its group with it. Either `exit_code` or `signal` is set."""

    key: TaskKey
    fence: int
    exit_code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True)
class StopAsked:
    """End the tasks, then the agent."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The moment last named by `next_deadline_ms` has come."""


AgentEvent = (
    LinkOpened
    | LinkClosed
    | MasterSaid
    | RecordsWritten
    | ProcessStarted
    | StartFailed
    | ProcessExited
    | StopAsked
    | DeadlinePassed
)
