"""A framework is over: by its own wish, an operator's, or because it stayed away too long."""

from master.leader.effects import CloseFrameworkStream, KillTask, LeaderEffect, ShutExecutorDown
from master.leader.events import TeardownRequested
from master.leader.offering import discard_offers_to
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.leader.updating import give_up_updates
from master.registry.commands import RemoveFramework
from master.registry.outcome import Outcome
from trimast.model.refusal import Refused


def on_teardown_requested(
    state: LeaderState, event: TeardownRequested, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    stream.is_leaving = True
    return [propose(state, RemoveFramework(stream.framework_id, None), now_ms)]


def on_framework_removed(
    state: LeaderState, decision: RemoveFramework, outcome: Outcome, now_ms: int
) -> list[LeaderEffect]:
    if isinstance(outcome, Refused):
        return []  # It is gone already, or has come back just in time.
    framework_id = decision.framework_id
    state.frameworks.removed_at_ms.pop(framework_id, None)
    effects = discard_offers_to(state, framework_id)
    state.refusals.revive(framework_id)
    state.want_offers(now_ms)
    effects += [
        KillTask(link.link_id, framework_id, task.info.task_id, grace_ms=None)
        for task in state.registry.tasks_of_framework(framework_id)
        if (link := state.agents.active_link(task.agent_id)) is not None
    ]
    effects += [
        ShutExecutorDown(link.link_id, framework_id, executor_id)
        for agent_id, owner, executor_id in state.registry.tasks_of_executor
        if owner == framework_id and (link := state.agents.active_link(agent_id)) is not None
    ]
    stream = state.frameworks.stream_of.get(framework_id)
    if stream is not None:
        state.frameworks.disconnect(stream.stream_id)
        effects += give_up_updates(stream)
        error = "" if stream.is_leaving else "Framework has been removed"
        effects.append(CloseFrameworkStream(stream.stream_id, error))
    return effects
