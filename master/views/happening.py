"""What changes in the cluster, for those who watch it: told by what was decided."""

from dataclasses import dataclass

from master.registry.commands import (
    AdmitAgent,
    AdmitFramework,
    Decision,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    RemoveFramework,
    ReportTask,
)
from master.registry.outcome import Outcome
from master.registry.records import TaskRecord
from master.registry.state import RegistryState
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.refusal import Refused
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState


@dataclass(frozen=True, slots=True)
class TaskAdded:
    task: TaskRecord


@dataclass(frozen=True, slots=True)
class TaskUpdated:
    """
    Attributes:
        update: the news, which may be a master's own.
    """

    update: StatusUpdate


@dataclass(frozen=True, slots=True)
class AgentAdded:
    """Also one that is back, or has changed."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AgentRemoved:
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class FrameworkAdded:
    framework_id: FrameworkId


@dataclass(frozen=True, slots=True)
class FrameworkUpdated:
    framework_id: FrameworkId


@dataclass(frozen=True, slots=True)
class FrameworkRemoved:
    framework_id: FrameworkId


Happening = (
    TaskAdded
    | TaskUpdated
    | AgentAdded
    | AgentRemoved
    | FrameworkAdded
    | FrameworkUpdated
    | FrameworkRemoved
)


def happenings(
    registry: RegistryState, decision: Decision, outcome: Outcome, wall_ms: int
) -> list[Happening]:
    """What a decision has brought about, just after it was applied.

    That an agent is on the line is not decided, and told by whoever sees it.
    """
    if isinstance(outcome, Refused):
        return []
    match decision:
        case LaunchTask() | LaunchGroup():
            keys = [(decision.framework_id, task.task_id) for task in decision.tasks]
            return [TaskAdded(registry.tasks[key]) for key in keys if key in registry.tasks]
        case ReportTask() | GiveUpTask():
            return [TaskUpdated(decision.update)]
        case AdmitAgent():
            # They may have been called unreachable.
            return _all_updated(registry, decision.agent_id, wall_ms)
        case MarkAgentUnreachable():
            tasks = _all_updated(registry, decision.agent_id, wall_ms)
            return [*tasks, AgentRemoved(decision.agent_id)]
        case AdmitFramework():
            framework_id = decision.framework_id
            is_new = registry.frameworks[framework_id].subscription == 1
            return [FrameworkAdded(framework_id) if is_new else FrameworkUpdated(framework_id)]
        case NoteFrameworkAway():
            return [FrameworkUpdated(decision.framework_id)]
        case RemoveFramework():
            return [FrameworkRemoved(decision.framework_id)]
        case _:
            return []


def _all_updated(registry: RegistryState, agent_id: AgentId, wall_ms: int) -> list[Happening]:
    return [
        TaskUpdated(_as_it_is(task, registry.state_of(task), wall_ms))
        for task in registry.tasks_of_agent(agent_id)
        if not task.state.is_terminal
    ]


def _as_it_is(task: TaskRecord, state: TaskState, wall_ms: int) -> StatusUpdate:
    is_away = state is TaskState.UNREACHABLE
    return StatusUpdate(
        framework_id=task.framework_id,
        task_id=task.info.task_id,
        agent_id=task.agent_id,
        state=state,
        source=StatusSource.MASTER,
        timestamp_ms=wall_ms,
        reason=StatusReason.AGENT_REMOVED if is_away else StatusReason.AGENT_REREGISTERED,
    )
