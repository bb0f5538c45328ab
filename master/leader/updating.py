"""A framework that is subscribed wants to be described otherwise, and stay subscribed."""

from collections import deque

from master.leader.effects import AnswerOperator, LeaderEffect
from master.leader.events import CommandDecided, FrameworkUpdateRequested
from master.leader.offering import withdraw_offers_to
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream, ProposedUpdate
from master.registry.commands import AdmitFramework
from master.registry.outcome import Outcome, refused
from trimast.model.framework import FrameworkInfo
from trimast.model.refusal import RefusalReason, Refused


def on_framework_update_requested(
    state: LeaderState, event: FrameworkUpdateRequested, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        unknown = refused(RefusalReason.FRAMEWORK_UNKNOWN, "Framework is not subscribed")
        return _answer(event.request, unknown)
    known = state.registry.frameworks[stream.framework_id].info
    fault = _fault_of_update(known, event.info)
    if fault is not None:
        return _answer(event.request, refused(RefusalReason.INVALID, fault))
    stream.updates.append(ProposedUpdate(event.request, event.suppressed))
    # To be admitted again, as it is now, is what an update is to the registry.
    admission = AdmitFramework(stream.framework_id, event.info)
    return [propose(state, admission, now_ms, stream.stream_id)]


def on_framework_updated(
    state: LeaderState, stream: FrameworkStream, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    update = stream.updates.popleft()
    if isinstance(event.outcome, Refused):
        return _answer(update.request, event.outcome)
    framework = state.registry.frameworks[stream.framework_id]
    stream.subscription = framework.subscription
    offered = state.ledger.offers_to(stream.framework_id)
    effects: list[LeaderEffect] = []
    if any(offer.role != framework.info.roles[0] for offer in offered):
        effects += withdraw_offers_to(state, stream.framework_id, now_ms)
    if update.suppressed:
        state.refusals.suppress(stream.framework_id)
    else:
        state.refusals.suppressed.discard(stream.framework_id)
    state.want_offers(now_ms)
    return [*effects, *_answer(update.request, event.outcome)]


def give_up_updates(stream: FrameworkStream) -> list[LeaderEffect]:
    """Nobody will hear over this stream what became of them."""
    outcome = refused(RefusalReason.FRAMEWORK_UNKNOWN, "Framework is not subscribed any more")
    updates, stream.updates = stream.updates, deque()
    return [effect for update in updates for effect in _answer(update.request, outcome)]


def _fault_of_update(known: FrameworkInfo, wanted: FrameworkInfo) -> str | None:
    """Tasks that run were started for this user, and recorded as was asked: neither can change."""
    for name in ("principal", "user", "checkpoint"):
        if getattr(known, name) != getattr(wanted, name):
            return f"Updating 'FrameworkInfo.{name}' is unsupported"
    return None


def _answer(request: int, outcome: Outcome) -> list[LeaderEffect]:
    return [AnswerOperator(request, outcome, 0)] if request else []
