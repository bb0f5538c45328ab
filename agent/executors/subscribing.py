"""An executor opens its stream: for the first time, or again, maybe after the agent was away."""

from agent.alarms import Alarm, AlarmKind
from agent.effects import AgentEffect
from agent.executors.effects import (
    CloseExecutorStream,
    EndTask,
    NoteExecutor,
    Shutdown,
    Subscribed,
    TellExecutor,
)
from agent.executors.ending import shut_down
from agent.executors.events import ExecutorSubscribed, ExecutorUnsubscribed
from agent.executors.executor import Executor
from agent.executors.launching import give_waiting
from agent.executors.reporting import take_status
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Phase
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState


def on_executor_subscribed(
    state: AgentState, event: ExecutorSubscribed, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    executor = state.executors.get(event.key)
    if executor is None:
        return [CloseExecutorStream(event.key, event.stream_id)]  # It is gone by now.
    effects: list[AgentEffect] = []
    if executor.stream_id is not None:
        effects.append(CloseExecutorStream(executor.key, executor.stream_id))
    executor.stream_id = event.stream_id
    state.alarms.cancel(Alarm(AlarmKind.EXECUTOR_SILENT, executor.key))
    hello = Subscribed(executor.key.framework_id, executor.notes, executor.fence)
    effects += [
        NoteExecutor(executor.key, executor.fence, "subscribed"),
        TellExecutor(executor.key, event.stream_id, hello),
    ]
    _forget_acknowledged(state, executor, event)
    for status in event.statuses:
        effects += take_status(state, executor, status)
    effects += _settle_earlier_tasks(state, executor, event, stamps)
    is_new = not (executor.was_subscribed or executor.is_of_earlier_life)
    executor.was_subscribed, executor.is_of_earlier_life = True, False
    if executor.ending is not None:
        return [*effects, TellExecutor(executor.key, event.stream_id, Shutdown())]
    if not executor.tasks and is_new:
        # All that it was started for was killed meanwhile.
        return effects + shut_down(state, executor, now_ms, by_order=True)
    return effects + give_waiting(state, executor) + _repeat_kills(state, executor)


def on_executor_unsubscribed(state: AgentState, event: ExecutorUnsubscribed) -> list[AgentEffect]:
    """It may come back; if it does not, the end of its process says so."""
    executor = state.executors.get(event.key)
    if executor is None or executor.stream_id != event.stream_id:
        return []
    executor.stream_id = None
    return [NoteExecutor(executor.key, executor.fence, "left")]


def _forget_acknowledged(state: AgentState, executor: Executor, event: ExecutorSubscribed) -> None:
    """What it does not repeat, it knows to be acknowledged."""
    repeated = {status.uuid for status in event.statuses}
    for key in executor.tasks:
        task = state.tasks[key]
        task.acknowledged = {uuid: None for uuid in task.acknowledged if uuid in repeated}


def _settle_earlier_tasks(
    state: AgentState, executor: Executor, event: ExecutorSubscribed, stamps: Stamps
) -> list[AgentEffect]:
    """Tasks of the agent's earlier life: which of them has the executor ever heard of?"""
    effects: list[AgentEffect] = []
    for key in list(executor.tasks):
        task = state.tasks[key]
        if task.phase is not Phase.RECOVERING:
            continue
        task.phase = Phase.RUNNING
        if task.stream.made or key.task_id in event.tasks:
            continue
        was_killed = task.kill is not None and task.kill.by_order
        report = make_report(
            state,
            stamps,
            task,
            TaskState.KILLED if was_killed else TaskState.DROPPED,
            source=StatusSource.AGENT,
            reason=StatusReason.AGENT_RESTARTED,
            message="The agent was restarted before it had told the executor of the task",
        )
        effects += report_end(state, task, report)
    return effects


def _repeat_kills(state: AgentState, executor: Executor) -> list[AgentEffect]:
    assert executor.stream_id is not None
    return [
        TellExecutor(executor.key, executor.stream_id, EndTask(key.task_id, None))
        for key in executor.tasks
        if state.tasks[key].kill is not None
    ]
