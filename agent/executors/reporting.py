"""What an executor reports of its tasks. It repeats itself until it is acknowledged; we do not.

An executor is told that a status has arrived once the masters have it: from then on its delivery
does not depend on this machine.
"""

from typing import Final

from agent.checkpoints.records import ReportMade
from agent.container_status import status_of_executor
from agent.effects import AgentEffect
from agent.executors.effects import Acknowledged, TellExecutor
from agent.executors.events import ExecutorReported, ExecutorStatus
from agent.executors.executor import Executor
from agent.journaling import write
from agent.reporting import report_end
from agent.state import AgentState, ReportsWritten
from agent.tasks import Task, TaskKey
from trimast.model.ids import TaskId
from trimast.model.status_update import StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

_RUNNING: Final = TaskState.RUNNING


def on_executor_reported(state: AgentState, event: ExecutorReported) -> list[AgentEffect]:
    executor = state.executors.get(event.key)
    return [] if executor is None else take_status(state, executor, event.status)


def take_status(state: AgentState, executor: Executor, status: ExecutorStatus) -> list[AgentEffect]:
    if status.uuid in state.by_uuid:
        return []  # On its way; it is acknowledged when it has arrived.
    task = state.tasks.get(TaskKey(executor.key.framework_id, status.task_id))
    if task is None or task.notes.executor_id != executor.executor_id or not task.is_live:
        # Settled, or ended by the agent: nobody is waiting for this any more.
        return acknowledge(executor, status.task_id, status.uuid)
    if status.uuid in task.acknowledged:
        return acknowledge(executor, status.task_id, status.uuid)
    report = _report(state, executor, task, status)
    if status.state.is_terminal:
        return report_end(state, task, report)
    written = ReportsWritten(task.key, task.fence, report.update.sequence)
    return [write(state, [report], [written])]


def acknowledge(executor: Executor, task_id: TaskId, uuid: bytes) -> list[AgentEffect]:
    """If it is not there, it will ask again."""
    if executor.stream_id is None:
        return []
    return [TellExecutor(executor.key, executor.stream_id, Acknowledged(task_id, uuid))]


def _report(
    state: AgentState, executor: Executor, task: Task, status: ExecutorStatus
) -> ReportMade:
    assert state.agent_id is not None
    update = StatusUpdate(
        framework_id=task.key.framework_id,
        task_id=task.key.task_id,
        agent_id=state.agent_id,
        state=status.state,
        source=StatusSource.EXECUTOR,
        timestamp_ms=status.timestamp_ms,
        uuid=status.uuid,
        sequence=task.stream.made + 1,
        fence=task.fence,
        reason=status.reason,
        message=status.message,
        executor_id=task.notes.executor_id,
        healthy=status.healthy,
        data=status.data,
        labels=status.labels,
        container=status_of_executor(state, executor) if status.state is _RUNNING else None,
    )
    task.stream.add(update)
    task.state = update.state
    state.by_uuid[update.uuid] = task.key
    return ReportMade(update)
