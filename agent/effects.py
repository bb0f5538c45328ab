"""What an agent asks of the world. An effect is an order, named in the imperative."""

from dataclasses import dataclass
from enum import StrEnum

from agent.checkpoints.records import Record
from agent.checks.effects import RunProbe
from agent.executors.effects import ExecutorEffect
from agent.tasks import TaskKey
from trimast.model.agent import AgentInfo
from trimast.model.ids import AgentId, ExecutorId, MasterId
from trimast.model.inventory import HeldTask
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusUpdate
from trimast.model.task import Limits, TaskInfo
from trimast.model.task_lifecycle import TaskState
from trimast.model.volume import HeldVolume, VolumeRecord


@dataclass(frozen=True, slots=True)
class OpenLink:
    """Find the leader and dial it, again and again until there is a link.

    Attributes:
        epoch_min: who leads an earlier epoch is not the leader any more.
    """

    epoch_min: int


@dataclass(frozen=True, slots=True)
class CloseLink:
    link_id: int
    why: str


@dataclass(frozen=True, slots=True)
class SayHello:
    """
    Attributes:
        agent_id: None if no master has ever admitted this agent.
        inventory: fingerprint of the tasks it holds.
    """

    link_id: int
    agent_id: AgentId | None
    info: AgentInfo
    epoch_seen: int
    inventory: bytes


@dataclass(frozen=True, slots=True)
class SendInventory:
    link_id: int
    tasks: tuple[HeldTask, ...]


@dataclass(frozen=True, slots=True)
class SendReports:
    """
    Attributes:
        again: they have been sent before, over this link or an earlier one.
    """

    link_id: int
    reports: tuple[StatusUpdate, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class SendPong:
    link_id: int


@dataclass(frozen=True, slots=True)
class WriteRecords:
    """Append them to the journal; `RecordsWritten` once they are safe. In order, none left out."""

    batch_id: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class StartProcess:
    """Ordered at most once for a key and fence, ever.

    Attributes:
        group: it shares a directory with the others of this name and fence.
    """

    agent_id: AgentId
    key: TaskKey
    fence: int
    task: TaskInfo
    user: str
    group: ExecutorId | None = None


@dataclass(frozen=True, slots=True)
class FindProcess:
    """It was ordered by an earlier life of the agent, or was about to be.

    Attributes:
        pid, start_ticks, boot_id: of its process; pid is 0 if none was written down.
    """

    agent_id: AgentId
    key: TaskKey
    fence: int
    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""


@dataclass(frozen=True, slots=True)
class TerminateProcess:
    """Ask the whole process group to end.

    Attributes:
        by_order: a framework wants it; else it is the agent that stops.
    """

    key: TaskKey
    fence: int
    by_order: bool = True


@dataclass(frozen=True, slots=True)
class KillProcess:
    """End the whole process group."""

    key: TaskKey
    fence: int


@dataclass(frozen=True, slots=True)
class PauseProcess:
    """Hold all of it where it is, or have it go on; `ProcessPaused` once that is so."""

    key: TaskKey
    fence: int
    paused: bool


@dataclass(frozen=True, slots=True)
class BoundProcess:
    """It runs, and may use this much from now on."""

    key: TaskKey
    fence: int
    resources: Resources
    limits: Limits


@dataclass(frozen=True, slots=True)
class CancelStart:
    """If its process is not ordered yet, it need not be any more: `StartFailed` follows."""

    key: TaskKey
    fence: int


class RefusalOfOrder(StrEnum):
    STALE_EPOCH = "stale_epoch"
    NOT_WELCOMED = "not_welcomed"
    STOPPING = "stopping"
    FENCE_DIFFERS = "fence_differs"
    ALREADY_HELD = "already_held"
    ALREADY_ENDED = "already_ended"
    ANOTHER_AGENTS = "another_agents"
    TASK_UNKNOWN = "task_unknown"
    NOT_RUNNING = "not_running"


@dataclass(frozen=True, slots=True)
class RefuseOrder:
    """Nothing is done about the order; worth a line in the log."""

    reason: RefusalOfOrder
    epoch: int
    key: TaskKey | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True)
class NoteAdmitted:
    """A master has welcomed the agent."""

    agent_id: AgentId
    master_id: MasterId
    epoch: int


@dataclass(frozen=True, slots=True)
class NoteFound:
    """A task of an earlier life of the agent runs on."""

    key: TaskKey
    fence: int
    pid: int


@dataclass(frozen=True, slots=True)
class NoteEnded:
    key: TaskKey
    fence: int
    state: TaskState
    message: str
    reason: StatusReason | None = None


@dataclass(frozen=True, slots=True)
class NoteTaken:
    reports: int


@dataclass(frozen=True, slots=True)
class ReleaseSandbox:
    """The task is settled: its files may go when they are old."""

    key: TaskKey
    fence: int


@dataclass(frozen=True, slots=True)
class EndAgent:
    exit_code: int
    why: str


@dataclass(frozen=True, slots=True)
class SettleVolumes:
    """Have these, or destroy them."""

    volumes: tuple[VolumeRecord, ...]


@dataclass(frozen=True, slots=True)
class SendVolumesDestroyed:
    link_id: int
    volumes: tuple[HeldVolume, ...]


AgentEffect = (
    OpenLink
    | CloseLink
    | SayHello
    | SendInventory
    | SendReports
    | SendPong
    | WriteRecords
    | StartProcess
    | FindProcess
    | CancelStart
    | TerminateProcess
    | KillProcess
    | PauseProcess
    | BoundProcess
    | RefuseOrder
    | NoteAdmitted
    | NoteFound
    | NoteEnded
    | NoteTaken
    | ReleaseSandbox
    | EndAgent
    | ExecutorEffect
    | RunProbe
    | SettleVolumes
    | SendVolumesDestroyed
)
