"""What a leader does because time has passed, and when it wants to be woken next."""

from master.leader.delivering import deliver_again
from master.leader.effects import LeaderEffect, PingAgent, SendHeartbeat
from master.leader.losing import drop_silent_links, mark_lost_agents
from master.leader.offering import make_offers, rescind_expired
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.leader.telling_operations import tell_operations_again
from master.registry.commands import RemoveFramework


def on_deadline_passed(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    if state.tick_due_ms <= now_ms:
        effects += _tick(state, now_ms)
    if state.marks_due_ms is not None and state.marks_due_ms <= now_ms:
        effects += mark_lost_agents(state, now_ms)
    if state.offers_due_ms is not None and state.offers_due_ms <= now_ms:
        effects += make_offers(state, now_ms)
    return effects


def next_deadline_ms(state: LeaderState) -> int:
    due_ms = (state.tick_due_ms, state.offers_due_ms, state.marks_due_ms)
    return min(each for each in due_ms if each is not None)


def _tick(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    state.tick_due_ms = now_ms + state.settings.tick_ms
    filter_end_ms = state.refusals.next_end_ms()
    if filter_end_ms is not None and filter_end_ms <= now_ms:
        state.want_offers(now_ms)
    return [
        *_propose_postponed(state, now_ms),
        *rescind_expired(state, now_ms),
        *drop_silent_links(state, now_ms),
        *(mark_lost_agents(state, now_ms) if state.marks_due_ms is None else []),
        *_remove_absent_frameworks(state, now_ms),
        *deliver_again(state, now_ms),
        *tell_operations_again(state, now_ms),
        *_ping_agents(state, now_ms),
        *_send_heartbeats(state, now_ms),
    ]


def _propose_postponed(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    postponed, state.postponed = state.postponed, {}
    return [propose(state, decision, now_ms) for decision in postponed]


def _remove_absent_frameworks(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    removed_at_ms = state.frameworks.removed_at_ms
    overdue = [f for f, due_ms in removed_at_ms.items() if due_ms <= now_ms]
    effects: list[LeaderEffect] = []
    for framework_id in overdue:
        del removed_at_ms[framework_id]
        framework = state.registry.frameworks.get(framework_id)
        if framework is not None:
            removal = RemoveFramework(framework_id, framework.subscription)
            effects.append(propose(state, removal, now_ms))
    return effects


def _ping_agents(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for link in state.agents.links.values():
        if now_ms - link.pinged_ms >= state.settings.agent_ping_ms:
            link.pinged_ms = now_ms
            effects.append(PingAgent(link.link_id))
    return effects


def _send_heartbeats(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for stream in state.frameworks.stream_of.values():
        if stream.heartbeat_ms <= now_ms:
            stream.heartbeat_ms = now_ms + state.settings.heartbeat_ms
            effects.append(SendHeartbeat(stream.stream_id))
    return effects
