"""A new leader begins: rebuild a leader's memory from the registry alone."""

from master.leader.settings import LeaderSettings
from master.leader.state import LeaderState
from master.registry.records import AgentState
from master.registry.state import RegistryState


def take_over(
    registry: RegistryState,
    settings: LeaderSettings,
    *,
    id_prefix: str,
    wall_offset_ms: int,
    now_ms: int,
) -> LeaderState:
    """Call once this leader's own `BeginEpoch` is applied: from then on, nothing decided by an
    earlier leader can be committed, so the registry holds all there is.

    Nothing is sent: nobody is connected yet. What the earlier leader may have left undone is
    done when its addressee comes: launches, kills and unacknowledged reports are all in the
    registry.
    """
    state = LeaderState(
        registry,
        settings,
        epoch=registry.epoch,
        id_prefix=id_prefix,
        wall_offset_ms=wall_offset_ms,
        tick_due_ms=now_ms + settings.tick_ms,
    )
    # By the sums: with a million tasks, to look at each would take longer than an election.
    state.ledger.held_by = dict(registry.held)
    for agent in registry.agents.values():
        used = registry.used_on(agent.agent_id)
        state.ledger.add_agent(agent.agent_id, registry.total_on(agent.agent_id), used)
        if agent.state is AgentState.ACTIVE:
            state.agents.lost_at_ms[agent.agent_id] = now_ms + settings.agent_return_ms
    for framework in registry.frameworks.values():
        patience_ms = max(framework.info.failover_timeout_ms, settings.framework_return_ms)
        state.frameworks.removed_at_ms[framework.framework_id] = now_ms + patience_ms
    return state
