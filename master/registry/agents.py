"""The rules for agents: admitted, unreachable, back again."""

from dataclasses import replace

from master.registry.commands import AdmitAgent, MarkAgentUnreachable
from master.registry.outcome import APPLIED, Outcome, refused
from master.registry.records import AgentRecord, AgentState
from master.registry.state import RegistryState
from trimast.model.refusal import RefusalReason
from trimast.model.resource_kind import plain
from trimast.model.resources import NOTHING


def admit_agent(state: RegistryState, decision: AdmitAgent, at_ms: int) -> Outcome:
    used = state.used_on(decision.agent_id)
    resources = decision.info.resources
    reserved = state.reserved.get(decision.agent_id, NOTHING)
    if not resources.covers(plain(reserved)):
        detail = f"of it {reserved} is reserved, more than the {resources} it now has"
        return refused(RefusalReason.NOT_ENOUGH_RESOURCES, detail)
    if not (resources - plain(reserved) + reserved).covers(used):
        detail = f"its tasks hold {used}, more than the {resources} it now has"
        return refused(RefusalReason.NOT_ENOUGH_RESOURCES, detail)
    known = state.agents.get(decision.agent_id)
    state.agents[decision.agent_id] = AgentRecord(
        decision.agent_id,
        decision.info,
        AgentState.ACTIVE,
        admitted_at_ms=known.admitted_at_ms if known else at_ms,
        changed_at_ms=at_ms,
    )
    return APPLIED


def mark_agent_unreachable(
    state: RegistryState, decision: MarkAgentUnreachable, at_ms: int
) -> Outcome:
    agent = state.agents.get(decision.agent_id)
    if agent is None:
        return refused(RefusalReason.AGENT_UNKNOWN, decision.agent_id)
    if agent.state is AgentState.UNREACHABLE:
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.agent_id} is unreachable already")
    del state.agents[decision.agent_id]  # Put back as the newest: the oldest are forgotten first.
    state.agents[decision.agent_id] = replace(
        agent, state=AgentState.UNREACHABLE, changed_at_ms=at_ms
    )
    state.forget_oldest_unreachable_agents()
    return APPLIED
