"""A framework, or an operator, wants a task to end."""

from master.leader.effects import KillTask, LeaderEffect
from master.leader.events import KillRequested, ReconciliationRequested
from master.leader.proposing import propose
from master.leader.reconciling import on_reconciliation_requested
from master.leader.state import LeaderState
from master.registry.commands import OrderKill
from master.registry.outcome import Outcome
from trimast.model.refusal import Refused


def on_kill_requested(state: LeaderState, event: KillRequested, now_ms: int) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    key = (stream.framework_id, event.task_id)
    task = state.registry.tasks.get(key)
    is_alive = task is not None and not task.state.is_terminal
    if not is_alive and key not in state.launching:
        # Nothing to kill: say what is known of it instead.
        asked = ReconciliationRequested(event.stream_id, ((event.task_id, event.agent_id),))
        return on_reconciliation_requested(state, asked, now_ms)
    # A launch that is still being decided is decided before this: the log keeps the order.
    return [propose(state, OrderKill(*key, event.grace_ms), now_ms)]


def on_kill_decided(
    state: LeaderState, decision: OrderKill, outcome: Outcome
) -> list[LeaderEffect]:
    if isinstance(outcome, Refused):
        return []  # It ended by itself; its report says so.
    task = state.registry.tasks[decision.framework_id, decision.task_id]
    link = state.agents.active_link(task.agent_id)
    if link is None:
        return []  # Repeated when the agent is back: the order is in the registry.
    return [KillTask(link.link_id, decision.framework_id, decision.task_id, decision.grace_ms)]
