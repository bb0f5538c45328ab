"""A framework accepts offers: check them, then go through what it wants to do with them."""

from collections import deque

from master.leader.converting import go_on
from master.leader.declining import refuse_rest
from master.leader.effects import CountOffers, LeaderEffect
from master.leader.events import InvalidOperation, OffersAccepted
from master.leader.proposing_launches import answer, ids_of, propose_launch
from master.leader.state import Accept, LeaderState
from master.leader.telling_operations import tell_of_failure
from master.presence.frameworks import FrameworkStream
from trimast.model.ids import AgentId, OfferId
from trimast.model.offer import Offer
from trimast.model.operation import Operation
from trimast.model.resources import total_of
from trimast.model.task_lifecycle import TaskState


def on_offers_accepted(
    state: LeaderState, event: OffersAccepted, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    fault = _fault_of_offers(state, stream, event.offer_ids)
    offers = _spend(state, stream, event.offer_ids)
    state.want_offers(now_ms)
    if fault is not None:
        return _answer_all(state, stream, event, fault, now_ms)
    agent_id = offers[0].agent_id
    left = total_of(offer.resources for offer in offers)
    effects: list[LeaderEffect] = [CountOffers("accepted", len(offers))]
    if any(isinstance(step, Operation | InvalidOperation) for step in event.launches):
        state.ledger.promise(agent_id, stream.framework_id, left)
        steps = deque(event.launches)
        owner = (stream.stream_id, stream.framework_id)
        return effects + go_on(
            state, Accept(*owner, agent_id, steps, left, event.refuse_ms), now_ms
        )
    for launch in event.launches:
        assert not isinstance(launch, Operation | InvalidOperation)
        more, left = propose_launch(state, stream, agent_id, launch, left, now_ms)
        effects += more
    refuse_rest(state, stream, agent_id, left, event.refuse_ms, now_ms)
    return effects


def _answer_all(
    state: LeaderState, stream: FrameworkStream, event: OffersAccepted, fault: str, now_ms: int
) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for step in event.launches:
        if isinstance(step, Operation | InvalidOperation):
            why = f"Operation with invalid offers: {fault}"
            effects += tell_of_failure(state, stream.framework_id, AgentId(""), step, why)
        else:
            message = f"Task launched with invalid offers: {fault}"
            effects += [
                answer(state, stream, task_id, TaskState.DROPPED, message, now_ms)
                for task_id in ids_of(step)
            ]
    return effects


def _spend(
    state: LeaderState, stream: FrameworkStream, offer_ids: tuple[OfferId, ...]
) -> list[Offer]:
    """An accepted offer is spent, whatever comes of it: its resources are free from here on, and
    the launches take what they need out of them."""
    return [
        state.ledger.close(offer_id)
        for offer_id in dict.fromkeys(offer_ids)
        if _is_open_to(state, stream, offer_id)
    ]


def _is_open_to(state: LeaderState, stream: FrameworkStream, offer_id: OfferId) -> bool:
    opened = state.ledger.open_offers.get(offer_id)
    return opened is not None and opened.offer.framework_id == stream.framework_id


def _fault_of_offers(
    state: LeaderState, stream: FrameworkStream, offer_ids: tuple[OfferId, ...]
) -> str | None:
    if not offer_ids:
        return "No offers specified"
    if len(set(offer_ids)) < len(offer_ids):
        return "Duplicate offer in offer list"
    for offer_id in offer_ids:
        if not _is_open_to(state, stream, offer_id):
            return f"Offer {offer_id} is no longer valid"
    agents = {state.ledger.open_offers[offer_id].offer.agent_id for offer_id in offer_ids}
    if len(agents) > 1:
        return f"Aggregated offers must belong to one single agent, not to {', '.join(agents)}"
    return None
