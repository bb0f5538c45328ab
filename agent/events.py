"""What can happen to an agent. An event is a fact, named in the past tense."""

from dataclasses import dataclass
from enum import StrEnum

from agent.checks.events import ProbeEnded
from agent.executors.events import (
    ExecutorReported,
    ExecutorSaid,
    ExecutorSubscribed,
    ExecutorUnsubscribed,
)
from agent.tasks import OverDisk, TaskKey
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, MasterId
from trimast.model.task import TaskInfo
from trimast.model.volume import HeldVolume, VolumeRecord


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
    """
    Attributes:
        role: that its resources were offered to; "" if the master does not say it.
    """

    key: TaskKey
    task: TaskInfo
    fence: int
    user: str
    ends_with_agent: bool = False
    framework: FrameworkInfo | None = None
    group_size: int = 0
    role: str = ""


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
class PauseTask:
    """
    Attributes:
        paused: False: it is to go on.
    """

    key: TaskKey
    paused: bool


@dataclass(frozen=True, slots=True)
class PauseTasks:
    tasks: tuple[PauseTask, ...]


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


@dataclass(frozen=True, slots=True)
class PassToExecutor:
    """Bytes from its framework."""

    key: TaskKey
    data: bytes


@dataclass(frozen=True, slots=True)
class ShutExecutorDown:
    key: TaskKey


@dataclass(frozen=True, slots=True)
class KeepVolumes:
    """Every volume that the agent is to have, or to destroy, oldest first."""

    volumes: tuple[VolumeRecord, ...]


Order = (
    Welcome
    | RunTasks
    | KillTasks
    | PauseTasks
    | TakeReports
    | Ping
    | TurnedAway
    | PassToExecutor
    | ShutExecutorDown
    | KeepVolumes
)


@dataclass(frozen=True, slots=True)
class MasterSaid:
    link_id: int
    epoch: int
    order: Order


@dataclass(frozen=True, slots=True)
class RecordsWritten:
    """Every batch of records up to this one is on disk."""

    batch_id: int


class Asked(StrEnum):
    """Why a process was first asked to end. Kept with the process, so that it is not forgotten."""

    BY_ORDER = "by_order"
    TO_STOP = "to_stop"


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """Or was found: then it may have been asked to end already."""

    key: TaskKey
    fence: int
    pid: int
    start_ticks: int
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class ProcessPaused:
    """All of it is held where it is; or, if not `paused`, goes on."""

    key: TaskKey
    fence: int
    paused: bool


@dataclass(frozen=True, slots=True)
class StartFailed:
    """There is no process, and will be none."""

    key: TaskKey
    fence: int
    why: str


@dataclass(frozen=True, slots=True)
class MemoryExceeded:
    """In bytes.

    Attributes:
        limit: None if it was raised since.
        usage: of what was left when the first process had ended.
    """

    limit: int | None
    usage: int
    peak: int


@dataclass(frozen=True, slots=True)
class ProcessExited:
    """The process is gone, and its group with it. Either `exit_code` or `signal` is set.

    Attributes:
        memory: the kernel has ended some of its processes because they had too much of it.
    """

    key: TaskKey
    fence: int
    exit_code: int | None
    signal: int | None
    memory: MemoryExceeded | None = None


class Vanishing(StrEnum):
    """Why nobody knows how a process ended."""

    LAUNCHER_DIED = "launcher_died"
    MACHINE_RESTARTED = "machine_restarted"
    RECORDS_DAMAGED = "records_damaged"


@dataclass(frozen=True, slots=True)
class ProcessVanished:
    """The process is gone; how it ended is not known."""

    key: TaskKey
    fence: int
    why: Vanishing


@dataclass(frozen=True, slots=True)
class ProcessMissing:
    """The one to be found was never started, and never will be."""

    key: TaskKey
    fence: int


@dataclass(frozen=True, slots=True)
class DiskExceeded:
    """The files of a task take more than it asked for."""

    key: TaskKey
    fence: int
    over: OverDisk


@dataclass(frozen=True, slots=True)
class VolumesGone:
    """They were to be destroyed, and are not there any more."""

    volumes: tuple[HeldVolume, ...]


@dataclass(frozen=True, slots=True)
class VolumesLinked:
    """Those of a task are in the sandbox of its executor.

    Attributes:
        why_not: "" if they are.
    """

    key: TaskKey
    fence: int
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """End the agent.

    Attributes:
        end_tasks: and its tasks before it; else they run on, for its next life to find them.
    """

    end_tasks: bool = False


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The moment last named by `next_deadline_ms` has come."""


AgentEvent = (
    LinkOpened
    | LinkClosed
    | MasterSaid
    | RecordsWritten
    | ProcessStarted
    | ProcessPaused
    | StartFailed
    | ProcessExited
    | ProcessVanished
    | ProcessMissing
    | DiskExceeded
    | VolumesGone
    | VolumesLinked
    | ExecutorSubscribed
    | ExecutorUnsubscribed
    | ExecutorReported
    | ExecutorSaid
    | ProbeEnded
    | StopAsked
    | DeadlinePassed
)
