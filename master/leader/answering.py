"""Updates that a master makes up itself: answers and announcements, never acknowledged."""

from master.leader.state import LeaderState
from trimast.model.ids import AgentId, FrameworkId, TaskId
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState


def masters_update(
    state: LeaderState,
    now_ms: int,
    framework_id: FrameworkId,
    task_id: TaskId,
    agent_id: AgentId | None,
    task_state: TaskState,
    reason: StatusReason,
    message: str,
) -> StatusUpdate:
    return StatusUpdate(
        framework_id=framework_id,
        task_id=task_id,
        agent_id=agent_id or AgentId(""),
        state=known_to(state, framework_id, task_state),
        source=StatusSource.MASTER,
        timestamp_ms=state.wall_ms(now_ms),
        reason=reason,
        message=message,
    )


def known_to(state: LeaderState, framework_id: FrameworkId, task_state: TaskState) -> TaskState:
    """LOST stands for the finer states where a framework does not know them.

    Source: Mesos, the PARTITION_AWARE capability.
    """
    framework = state.registry.frameworks.get(framework_id)
    if framework is not None and framework.info.is_partition_aware:
        return task_state
    return TaskState.LOST if task_state in _FINER_THAN_LOST else task_state


_FINER_THAN_LOST = {
    TaskState.DROPPED,
    TaskState.UNREACHABLE,
    TaskState.GONE,
    TaskState.GONE_BY_OPERATOR,
    TaskState.UNKNOWN,
}
