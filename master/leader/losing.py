"""An agent falls silent. Its tasks are not given up: they are UNREACHABLE until it is back."""

from typing import Final

from master.leader.answering import masters_update
from master.leader.effects import AnnounceAgentFailure, CloseAgentLink, LeaderEffect, SendUpdate
from master.leader.events import AgentAnswered, AgentDisconnected
from master.leader.offering import withdraw_offers_of_agent
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.agents import AgentLink
from master.registry.commands import MarkAgentUnreachable
from master.registry.outcome import Outcome
from trimast.model.ids import AgentId
from trimast.model.refusal import Refused
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

MARKED_TASKS_MAX: Final = 500
MARKED_AGENTS_MAX: Final = 50
MARKED_AGAIN_MS: Final = 25
"""So many are told of at once, and the next so much later: a million tasks in a minute."""


def on_agent_answered(state: LeaderState, event: AgentAnswered, now_ms: int) -> list[LeaderEffect]:
    link = state.agents.links.get(event.link_id)
    if link is not None:
        link.heard_ms = now_ms
    return []


def on_agent_disconnected(
    state: LeaderState, event: AgentDisconnected, now_ms: int
) -> list[LeaderEffect]:
    link = state.agents.links.get(event.link_id)
    return _let_go(state, link, now_ms) if link is not None else []


def drop_silent_links(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    """A link over which nothing comes is as good as none."""
    silence_max_ms = state.settings.agent_silence_max_ms
    effects: list[LeaderEffect] = []
    for link in list(state.agents.links.values()):
        if now_ms - link.heard_ms >= silence_max_ms:
            reason = f"nothing was heard of {link.agent_id} for {now_ms - link.heard_ms} ms"
            effects += [*_let_go(state, link, now_ms), CloseAgentLink(link.link_id, reason)]
    return effects


def mark_lost_agents(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    """A few at a time: one cable may cost a thousand, and each has many tasks to tell of."""
    effects: list[LeaderEffect] = []
    tasks = 0
    state.marks_due_ms = None
    for agent_id in state.agents.lost_by(now_ms):
        tasks += state.registry.number_holding_on(agent_id)
        if effects and (tasks > MARKED_TASKS_MAX or len(effects) >= MARKED_AGENTS_MAX):
            state.marks_due_ms = now_ms + MARKED_AGAIN_MS
            break
        del state.agents.lost_at_ms[agent_id]
        if agent_id in state.registry.agents:
            state.agents.marking.add(agent_id)
            effects.append(propose(state, MarkAgentUnreachable(agent_id), now_ms))
    return effects


def on_agent_marked_unreachable(
    state: LeaderState, decision: MarkAgentUnreachable, outcome: Outcome, now_ms: int
) -> list[LeaderEffect]:
    agent_id = decision.agent_id
    state.agents.marking.discard(agent_id)
    if isinstance(outcome, Refused):
        return []
    effects: list[LeaderEffect] = [
        AnnounceAgentFailure(stream.stream_id, agent_id)
        for stream in state.frameworks.stream_of.values()
    ]
    effects += _announce_unreachable(state, agent_id, now_ms)
    _forget_accounts(state)
    return effects


def _let_go(state: LeaderState, link: AgentLink, now_ms: int) -> list[LeaderEffect]:
    lost_at_ms = max(now_ms + 1, link.heard_ms + state.settings.agent_silence_max_ms)
    state.agents.disconnect(link.link_id, lost_at_ms)
    return withdraw_offers_of_agent(state, link.agent_id)


def _announce_unreachable(state: LeaderState, agent_id: AgentId, now_ms: int) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for task in state.registry.tasks_of_agent(agent_id):
        stream = state.frameworks.stream_of.get(task.framework_id)
        if stream is None or task.state.is_terminal:
            continue
        update = masters_update(
            state,
            now_ms,
            task.framework_id,
            task.info.task_id,
            agent_id,
            TaskState.UNREACHABLE,
            StatusReason.AGENT_REMOVED,
            "The agent cannot be reached",
        )
        effects.append(SendUpdate(stream.stream_id, update))
    return effects


def _forget_accounts(state: LeaderState) -> None:
    """The registry forgets agents that have been away for very long: so does the ledger."""
    gone = [a for a in state.ledger.accounts if a not in state.registry.agents]
    for agent_id in gone:
        state.ledger.remove_agent(agent_id)
