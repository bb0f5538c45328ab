"""A framework asks what is true: answered at once, from the registry."""

from dataclasses import replace

from master.leader.answering import masters_update
from master.leader.effects import LeaderEffect, SendUpdate
from master.leader.events import ReconciliationRequested
from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream
from master.registry.records import AgentState, TaskRecord
from trimast.model.ids import AgentId, ExecutorId, TaskId
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

_LATEST = "Reconciliation: Latest task state"


def on_reconciliation_requested(
    state: LeaderState, event: ReconciliationRequested, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    if not event.tasks:
        return [
            _latest(state, stream, task, now_ms)
            for task in state.registry.tasks_of_framework(stream.framework_id)
            if not task.state.is_terminal
        ]
    return [
        effect
        for task_id, agent_id in event.tasks
        for effect in _explicit(state, stream, task_id, agent_id, now_ms)
    ]


def _explicit(
    state: LeaderState,
    stream: FrameworkStream,
    task_id: TaskId,
    agent_id: AgentId | None,
    now_ms: int,
) -> list[LeaderEffect]:
    key = (stream.framework_id, task_id)
    task = state.registry.tasks.get(key)
    if task is not None:
        return [_latest(state, stream, task, now_ms)]
    if key in state.launching:
        return []  # It will be known in a moment, and asked for again: silence is legal.
    task_state, message = _what_became_of(state, agent_id)
    update = masters_update(
        state,
        now_ms,
        stream.framework_id,
        task_id,
        agent_id,
        task_state,
        StatusReason.RECONCILIATION,
        message,
    )
    return [SendUpdate(stream.stream_id, update)]


def _latest(
    state: LeaderState, stream: FrameworkStream, task: TaskRecord, now_ms: int
) -> SendUpdate:
    update = masters_update(
        state,
        now_ms,
        task.framework_id,
        task.info.task_id,
        task.agent_id,
        state.registry.state_of(task),
        StatusReason.RECONCILIATION,
        _LATEST,
    )
    if task.latest is not None:
        update = replace(
            update,
            executor_id=task.latest.executor_id or ExecutorId(task.info.task_id),
            healthy=task.latest.healthy,
            container=task.latest.container,
        )
    return SendUpdate(stream.stream_id, update)


def _what_became_of(state: LeaderState, agent_id: AgentId | None) -> tuple[TaskState, str]:
    """Of a task that is not in the registry. Since every launch is, no agent need be asked.

    Source: the cases of Mesos' explicit reconciliation.
    """
    agent = state.registry.agents.get(agent_id) if agent_id is not None else None
    if agent is None:
        return TaskState.UNKNOWN, "Reconciliation: Task is unknown"
    if agent.state is AgentState.UNREACHABLE:
        return TaskState.UNREACHABLE, "Reconciliation: Task is unreachable"
    return TaskState.GONE, "Reconciliation: Task is unknown to the agent"
