"""A framework does not want what it was offered, or wants no offers, or wants them again."""

from master.leader.effects import CountOffers, LeaderEffect
from master.leader.events import OffersDeclined, OffersRevived, OffersSuppressed
from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream
from trimast.model.ids import AgentId
from trimast.model.resources import Resources


def on_offers_declined(
    state: LeaderState, event: OffersDeclined, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    declined = 0
    for offer_id in dict.fromkeys(event.offer_ids):
        opened = state.ledger.open_offers.get(offer_id)
        if opened is None or opened.offer.framework_id != stream.framework_id:
            continue  # It expired, or was never theirs: either way nothing is to be returned.
        offer = state.ledger.close(offer_id)
        refuse_rest(state, stream, offer.agent_id, offer.resources, event.refuse_ms, now_ms)
        declined += 1
    if not declined:
        return []
    state.want_offers(now_ms)
    return [CountOffers("declined", declined)]


def on_offers_suppressed(state: LeaderState, event: OffersSuppressed) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is not None and _is_about_offers(state, stream, event.roles):
        state.refusals.suppress(stream.framework_id)
    return []


def on_offers_revived(state: LeaderState, event: OffersRevived, now_ms: int) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is not None and _is_about_offers(state, stream, event.roles):
        state.refusals.revive(stream.framework_id)
        state.want_offers(now_ms)
    return []


def _is_about_offers(state: LeaderState, stream: FrameworkStream, roles: tuple[str, ...]) -> bool:
    """Offers are made to the first of its roles. One that it does not have voids the whole."""
    known = state.registry.frameworks[stream.framework_id].info.roles
    return not roles or (set(roles) <= set(known) and known[0] in roles)


def refuse_rest(
    state: LeaderState,
    stream: FrameworkStream,
    agent_id: AgentId,
    resources: Resources,
    refuse_ms: int,
    now_ms: int,
) -> None:
    """Do not offer this again for a while; the one who is to look for the end of that while is
    `next_deadline_ms`."""
    if refuse_ms > 0 and not resources.is_empty:
        until_ms = now_ms + refuse_ms
        state.refusals.refuse(stream.framework_id, agent_id, resources, until_ms)
