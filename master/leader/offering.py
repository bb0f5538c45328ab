"""Offers go out: what is free, to whom it is due; and are taken back when their agent goes."""

from master.allocator.allocating import allocate
from master.leader.effects import CountOffers, LeaderEffect, RescindOffer, SendOffers
from master.leader.state import LeaderState
from master.presence.agents import LinkStage
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.offer import Offer
from trimast.model.resources import Resources, total_of


def make_offers(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    state.offers_due_ms = None
    state.last_offers_ms = now_ms
    state.refusals.drop_passed(now_ms)
    held = {f: state.ledger.held_by_framework(f) for f in state.frameworks.stream_of}
    free = _free_by_agent(state)
    if not held or not free:
        return []
    accounts = state.ledger.accounts
    cluster = total_of(accounts[agent_id].total.amounts for agent_id in _active(state))
    role_of = {f: state.registry.frameworks[f].info.roles[0] for f in held}
    rows = allocate(free, held, cluster, state.refusals, now_ms, role_of)
    offers: dict[FrameworkId, list[Offer]] = {}
    for agent_id, framework_id, resources in rows:
        offer = _offer(state, agent_id, framework_id, resources)
        state.ledger.open(offer, now_ms + state.settings.offer_timeout_ms)
        offers.setdefault(framework_id, []).append(offer)
    return [
        SendOffers(state.frameworks.stream_of[framework_id].stream_id, tuple(batch))
        for framework_id, batch in offers.items()
    ]


def rescind_expired(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    """A framework that does not answer must not keep others waiting."""
    expired = [o.offer for o in state.ledger.open_offers.values() if o.expires_ms <= now_ms]
    return _rescind(state, expired, now_ms)


def withdraw_offers_of_agent(state: LeaderState, agent_id: AgentId) -> list[LeaderEffect]:
    """Its agent has gone, or has changed: nobody can launch on it as offered."""
    return _rescind(state, state.ledger.offers_of(agent_id), None)


def withdraw_offers_to(
    state: LeaderState, framework_id: FrameworkId, now_ms: int
) -> list[LeaderEffect]:
    """They were made to what the framework is not any more."""
    return _rescind(state, state.ledger.offers_to(framework_id), now_ms)


def discard_offers_to(state: LeaderState, framework_id: FrameworkId) -> list[LeaderEffect]:
    """The framework has gone: nobody is left to tell."""
    offers = state.ledger.offers_to(framework_id)
    for offer in offers:
        state.ledger.close(offer.offer_id)
    return [CountOffers("rescinded", len(offers))] if offers else []


def _rescind(state: LeaderState, offers: list[Offer], now_ms: int | None) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for offer in offers:
        state.ledger.close(offer.offer_id)
        stream = state.frameworks.stream_of.get(offer.framework_id)
        if stream is not None:
            effects.append(RescindOffer(stream.stream_id, offer.offer_id))
    if offers:
        effects.append(CountOffers("rescinded", len(offers)))
        if now_ms is not None:
            state.want_offers(now_ms)
    return effects


def _active(state: LeaderState) -> list[AgentId]:
    return [
        agent_id
        for agent_id, link in state.agents.link_of.items()
        if link.stage is LinkStage.ACTIVE
    ]


def _free_by_agent(state: LeaderState) -> list[tuple[AgentId, Resources]]:
    accounts = state.ledger.accounts
    return [
        (agent_id, accounts[agent_id].free)
        for agent_id in _active(state)
        if not accounts[agent_id].free.is_empty
    ]


def _offer(
    state: LeaderState, agent_id: AgentId, framework_id: FrameworkId, resources: Resources
) -> Offer:
    agent = state.registry.agents[agent_id].info
    framework = state.registry.frameworks[framework_id].info
    return Offer(
        state.new_offer_id(),
        framework_id,
        agent_id,
        resources,
        hostname=agent.hostname,
        http_port=agent.http_port,
        attributes=agent.attributes,
        role=framework.roles[0],
    )
