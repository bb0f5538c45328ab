"""What the registry holds of each thing. Frozen: a change is a new record."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from trimast.model.agent import AgentInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId
from trimast.model.operation import Operation
from trimast.model.status_update import StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

TaskKey = tuple[FrameworkId, TaskId]
ExecutorKey = tuple[AgentId, FrameworkId, ExecutorId]


def executor_key(framework_id: FrameworkId, task: TaskInfo) -> ExecutorKey | None:
    """None if the task has no executor of its own."""
    if task.executor is None:
        return None
    return task.agent_id, framework_id, task.executor.executor_id


class AgentState(StrEnum):
    ACTIVE = "active"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """
    Attributes:
        admitted_at_ms, changed_at_ms: wall clock, for people.
    """

    agent_id: AgentId
    info: AgentInfo
    state: AgentState
    admitted_at_ms: int
    changed_at_ms: int


class FrameworkState(StrEnum):
    ACTIVE = "active"
    AWAY = "away"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    """
    Attributes:
        subscription: counts how often it has subscribed.
        changed_at_ms: when `state` changed last, wall clock, for people. An AWAY framework is
            removed `failover_timeout_ms` after that, by the clock of whoever leads then.
    """

    framework_id: FrameworkId
    info: FrameworkInfo
    state: FrameworkState
    subscription: int
    admitted_at_ms: int
    changed_at_ms: int


@dataclass(frozen=True, slots=True)
class KillOrder:
    """
    Attributes:
        grace_ms: None: the task's own, else the agent's default.
    """

    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """
    Attributes:
        fence: log index of the accept that launched it.
        state: as last reported by its agent; STAGING until then. That its agent cannot be
            reached is said by the agent's record, and seen through `RegistryState.state_of`.
        reports: not yet acknowledged by the framework, oldest first.
        latest: the newest report, acknowledged or not.
        sequence: of the newest report taken from the agent; 0 before the first.
        kill: the order to end it, once there is one.
        group_size: how many tasks of this fence their own executor is to hear of at once; 0 for one
            that is alone.
        may_lack_reports: of a life of the cluster that was lost. What its agent reported then, and
            what was taken from it, nobody knows: its next report may be any later one.
    """

    framework_id: FrameworkId
    info: TaskInfo
    fence: int
    launched_at_ms: int
    state: TaskState = TaskState.STAGING
    reports: tuple[StatusUpdate, ...] = ()
    latest: StatusUpdate | None = None
    sequence: int = 0
    kill: KillOrder | None = None
    may_lack_reports: bool = False
    group_size: int = 0

    @property
    def key(self) -> TaskKey:
        return self.framework_id, self.info.task_id

    @property
    def agent_id(self) -> AgentId:
        return self.info.agent_id

    @property
    def executor_key(self) -> ExecutorKey | None:
        return executor_key(self.framework_id, self.info)

    @property
    def holds_resources(self) -> bool:
        return not self.state.is_terminal


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One that was done, and whose framework has not said yet that it knows.

    Attributes:
        operation: with an id.
        fence: log index of the command that did it. The id may be used again once this is settled.
    """

    framework_id: FrameworkId
    agent_id: AgentId
    operation: Operation
    fence: int

    @property
    def uuid(self) -> bytes:
        """The same whoever leads."""
        name = f"{self.framework_id}\n{self.operation.operation_id}\n{self.fence}"
        return hashlib.sha256(name.encode()).digest()[:16]


def told_state(state: TaskState, agent: AgentRecord | None) -> TaskState:
    """A task's state as the world is told: UNREACHABLE while its agent is."""
    if state.is_terminal or (agent is not None and agent.state is not AgentState.UNREACHABLE):
        return state
    return TaskState.UNREACHABLE
