"""Ending tasks: asked first, forced when their time is up."""

from typing import Final

from agent.alarms import Alarm, AlarmKind
from agent.effects import (
    AgentEffect,
    CancelStart,
    KillProcess,
    RefusalOfOrder,
    RefuseOrder,
    TerminateProcess,
)
from agent.events import KillTasks
from agent.executors.killing import end_executors_task
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Kill, Phase, Task
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

_HANDED_OVER: Final = {Phase.RUNNING, Phase.RECOVERING}


def on_kill_tasks(
    state: AgentState, order: KillTasks, epoch: int, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    for kill in order.tasks:
        task = state.tasks.get(kill.key)
        if task is None:
            # Never here, or settled. A master that believes otherwise learns it from the
            # inventory, which is the one place where such differences are settled.
            effects.append(RefuseOrder(RefusalOfOrder.TASK_UNKNOWN, epoch, kill.key))
        elif task.is_live:
            if task.notes.executor_id is not None and task.phase in _HANDED_OVER:
                effects += end_executors_task(state, task, kill.grace_ms, now_ms)
                continue
            grace_ms = grace_of(state, task) if kill.grace_ms is None else kill.grace_ms
            effects += end_task(state, task, grace_ms, stamps, now_ms, by_order=True)
    return effects


def end_task(
    state: AgentState, task: Task, grace_ms: int, stamps: Stamps, now_ms: int, *, by_order: bool
) -> list[AgentEffect]:
    """Asked twice, the earlier end holds."""
    is_waiting = task.notes.executor_id is not None and task.phase is Phase.STARTING
    if task.phase is Phase.ACCEPTED or is_waiting:
        return _end_unstarted(state, task, stamps, by_order)
    is_first = task.kill is None
    due_ms = now_ms + grace_ms
    if task.kill is None:
        task.kill = Kill(due_ms, by_order)
    else:
        task.kill.due_ms = min(task.kill.due_ms, due_ms)
        task.kill.by_order = task.kill.by_order or by_order
    if task.phase is Phase.STARTING:
        # Its process may take long to come, or is about to; then `terminate_started` sees to it.
        return [CancelStart(task.key, task.fence)] if is_first else []
    if task.phase is Phase.RECOVERING:
        return []  # There is no process to signal yet; `terminate_started` will.
    effects = [_terminate(task, task.kill)] if is_first else []
    return effects + force_when_due(state, task, now_ms)


def terminate_started(state: AgentState, task: Task, now_ms: int) -> list[AgentEffect]:
    """A process is there at last: has it been asked to end in the meantime?"""
    if task.kill is None:
        return []
    return [_terminate(task, task.kill), *force_when_due(state, task, now_ms)]


def on_kill_due(task: Task) -> list[AgentEffect]:
    assert task.kill is not None
    return [KillProcess(task.key, task.fence)]


def force_when_due(state: AgentState, task: Task, now_ms: int) -> list[AgentEffect]:
    assert task.kill is not None
    if task.kill.due_ms <= now_ms:
        return on_kill_due(task)
    state.alarms.set(Alarm(AlarmKind.KILL, task.key), task.kill.due_ms)
    return []


def _terminate(task: Task, kill: Kill) -> AgentEffect:
    return TerminateProcess(task.key, task.fence, kill.by_order)


def _end_unstarted(
    state: AgentState, task: Task, stamps: Stamps, by_order: bool
) -> list[AgentEffect]:
    report = make_report(
        state,
        stamps,
        task,
        TaskState.KILLED if by_order else TaskState.LOST,
        source=StatusSource.AGENT,
        reason=(
            StatusReason.TASK_KILLED_DURING_LAUNCH if by_order else StatusReason.AGENT_RESTARTED
        ),
        message="Killed before it was started" if by_order else "The agent was stopped",
    )
    return report_end(state, task, report)


def grace_of(state: AgentState, task: Task) -> int:
    own_ms = task.notes.kill_grace_ms
    return state.rules.kill_grace_ms if own_ms is None else own_ms
