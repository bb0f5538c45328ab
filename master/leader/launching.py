"""A launch is decided: only now may the agent, or the framework, hear of it."""

from master.leader.answering import masters_update
from master.leader.effects import LeaderEffect, SendUpdate
from master.leader.registering import run_task
from master.leader.state import LeaderState
from master.registry.commands import LaunchGroup, LaunchTask
from master.registry.outcome import Outcome
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def on_launch_decided(
    state: LeaderState, launch: LaunchTask | LaunchGroup, outcome: Outcome, now_ms: int
) -> list[LeaderEffect]:
    agent_id = launch.tasks[0].agent_id
    keys = [(launch.framework_id, task.task_id) for task in launch.tasks]
    for key in keys:
        state.launching.pop(key, None)
    if isinstance(outcome, Refused):
        state.ledger.break_promise(agent_id, launch.framework_id, launch.takes)
        state.want_offers(now_ms)
        return _answer_refusal(state, launch, outcome, now_ms)
    state.ledger.keep_promise(agent_id, launch.takes)
    link = state.agents.active_link(agent_id)
    if link is None:
        return []  # The agent will be told when it is back: the launch is in the registry.
    return [run_task(state, link.link_id, state.registry.tasks[key]) for key in keys]


def _answer_refusal(
    state: LeaderState, launch: LaunchTask | LaunchGroup, refused: Refused, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.stream_of.get(launch.framework_id)
    if stream is None:
        return []
    if refused.reason in {RefusalReason.TASK_EXISTS, RefusalReason.INVALID}:
        is_group = isinstance(launch, LaunchGroup)
        task_state = TaskState.ERROR
        reason = StatusReason.TASK_GROUP_INVALID if is_group else StatusReason.TASK_INVALID
    elif refused.reason is RefusalReason.EXECUTOR_GONE:
        task_state, reason = TaskState.DROPPED, StatusReason.EXECUTOR_TERMINATED
    else:
        task_state, reason = TaskState.DROPPED, StatusReason.INVALID_OFFERS
    return [
        SendUpdate(
            stream.stream_id,
            masters_update(
                state,
                now_ms,
                launch.framework_id,
                task.task_id,
                task.agent_id,
                task_state,
                reason,
                refused.detail,
            ),
        )
        for task in launch.tasks
    ]
