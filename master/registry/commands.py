"""What the masters agree on, one command of the replicated log at a time."""

from dataclasses import dataclass

from trimast.model.agent import AgentInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, FrameworkId, MasterId, OperationId, TaskId
from trimast.model.operation import Operation
from trimast.model.resources import Resources, total_of
from trimast.model.status_update import StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.volume import HeldVolume


@dataclass(frozen=True, slots=True)
class BeginEpoch:
    """A newly elected leader's first command: what older leaders still propose is refused."""

    leader_id: MasterId


@dataclass(frozen=True, slots=True)
class AdmitAgent:
    """A new agent, or one that returns or has changed."""

    agent_id: AgentId
    info: AgentInfo


@dataclass(frozen=True, slots=True)
class MarkAgentUnreachable:
    """An agent was silent for too long: from here on its tasks are UNREACHABLE."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AdmitFramework:
    """A framework subscribes, for the first time or again."""

    framework_id: FrameworkId
    info: FrameworkInfo


@dataclass(frozen=True, slots=True)
class NoteFrameworkAway:
    """A framework's connection ended; void if it has subscribed again since."""

    framework_id: FrameworkId
    subscription: int


@dataclass(frozen=True, slots=True)
class RemoveFramework:
    """A framework is over, and its tasks are to be killed.

    Attributes:
        subscription: void if the framework has subscribed again since this one; None: never void.
    """

    framework_id: FrameworkId
    subscription: int | None


@dataclass(frozen=True, slots=True)
class LaunchTask:
    """A framework accepted an offer with this task. Its fence is the index of this command.

    Attributes:
        shares_executor: its executor has tasks already, and they hold what the executor needs.
            Void if they have ended since.
    """

    framework_id: FrameworkId
    task: TaskInfo
    shares_executor: bool = False

    @property
    def takes(self) -> Resources:
        """What it takes of its agent: an executor's own resources with its first task."""
        executor = self.task.executor
        if executor is None or self.shares_executor:
            return self.task.resources
        return self.task.resources + executor.resources

    @property
    def tasks(self) -> tuple[TaskInfo, ...]:
        return (self.task,)


@dataclass(frozen=True, slots=True)
class LaunchGroup:
    """As `LaunchTask`, for tasks that have one executor: all of them, or none."""

    framework_id: FrameworkId
    tasks: tuple[TaskInfo, ...]
    shares_executor: bool = False

    @property
    def takes(self) -> Resources:
        total = total_of(task.resources for task in self.tasks)
        executor = self.tasks[0].executor
        return total if executor is None or self.shares_executor else total + executor.resources


@dataclass(frozen=True, slots=True)
class ConvertResources:
    """A framework reserves, or makes or destroys volumes, of what nothing uses on an agent.

    Attributes:
        framework_id: "" if it is an operator who does.
    """

    framework_id: FrameworkId
    agent_id: AgentId
    operation: Operation


@dataclass(frozen=True, slots=True)
class AcknowledgeOperation:
    """The framework knows how this operation went: forget it."""

    framework_id: FrameworkId
    operation_id: OperationId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class ForgetVolumes:
    """These were destroyed, and their agent says that they are gone."""

    agent_id: AgentId
    volumes: tuple[HeldVolume, ...]


@dataclass(frozen=True, slots=True)
class ReportTask:
    """What an agent reports of a task; from here on the masters own the delivery."""

    update: StatusUpdate


@dataclass(frozen=True, slots=True)
class AcknowledgeReport:
    """The framework has the report: forget it."""

    framework_id: FrameworkId
    task_id: TaskId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class OrderKill:
    """A task is to be killed; every leader repeats the order until its end is reported."""

    framework_id: FrameworkId
    task_id: TaskId
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class GiveUpTask:
    """The agent that should run this launch does not have it: the masters report its end."""

    fence: int
    update: StatusUpdate


@dataclass(frozen=True, slots=True)
class ProveQuorum:
    """Changes nothing: that it is committed is the answer."""


Decision = (
    BeginEpoch
    | AdmitAgent
    | MarkAgentUnreachable
    | AdmitFramework
    | NoteFrameworkAway
    | RemoveFramework
    | LaunchTask
    | LaunchGroup
    | ConvertResources
    | AcknowledgeOperation
    | ForgetVolumes
    | ReportTask
    | AcknowledgeReport
    | OrderKill
    | GiveUpTask
    | ProveQuorum
)


@dataclass(frozen=True, slots=True)
class Command:
    """One decision, and when it was taken.

    Attributes:
        epoch: that the deciding leader led in; for `BeginEpoch` the last one it knew of.
        at_ms: wall clock of that leader, for people.
    """

    epoch: int
    at_ms: int
    decision: Decision
