"""A framework comes, comes back, or goes away."""

from master.leader.delivering import deliver_all
from master.leader.effects import (
    CloseFrameworkStream,
    ConfirmSubscription,
    LeaderEffect,
    SendHeartbeat,
)
from master.leader.events import CommandDecided, FrameworkDisconnected, FrameworkSubscribed
from master.leader.offering import discard_offers_to
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.leader.telling_operations import tell_all_operations
from master.leader.updating import give_up_updates, on_framework_updated
from master.presence.frameworks import FrameworkStream, StreamId
from master.registry.commands import AdmitFramework, NoteFrameworkAway, RemoveFramework
from trimast.model.ids import FrameworkId
from trimast.model.refusal import RefusalReason, Refused


def on_framework_subscribed(
    state: LeaderState, event: FrameworkSubscribed, now_ms: int
) -> list[LeaderEffect]:
    framework_id = event.framework_id or state.new_framework_id()
    if framework_id in state.registry.completed_frameworks:
        return [CloseFrameworkStream(event.stream_id, "Framework has been removed")]
    state.frameworks.streams[event.stream_id] = FrameworkStream(
        event.stream_id, framework_id, event.starts_suppressed, heartbeat_ms=now_ms
    )
    return [propose(state, AdmitFramework(framework_id, event.info), now_ms, event.stream_id)]


def on_framework_admitted(
    state: LeaderState, decision: AdmitFramework, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.streams.get(StreamId(event.regards))
    if stream is not None and stream.subscription and stream.updates:
        return on_framework_updated(state, stream, event, now_ms)
    if isinstance(event.outcome, Refused):
        state.frameworks.streams.pop(StreamId(event.regards), None)
        if stream is None:
            return []
        # Too busy is no verdict on the framework: without an error it just tries again.
        is_busy = event.outcome.reason is RefusalReason.OVERLOADED
        return [CloseFrameworkStream(stream.stream_id, "" if is_busy else event.outcome.detail)]
    framework_id = decision.framework_id
    subscription = state.registry.frameworks[framework_id].subscription
    if stream is None:  # It went away before it was admitted.
        speaking = state.frameworks.stream_of.get(framework_id)
        if speaking is not None:
            speaking.subscription = subscription
            return []
        return _note_away(state, framework_id, subscription, now_ms)
    stream.subscription = subscription
    effects = _replace_former(state, stream)
    stream.heartbeat_ms = now_ms + state.settings.heartbeat_ms
    state.refusals.revive(framework_id)
    if stream.starts_suppressed:
        state.refusals.suppress(framework_id)
    state.want_offers(now_ms)
    effects += [
        ConfirmSubscription(stream.stream_id, framework_id),
        SendHeartbeat(stream.stream_id),
    ]
    effects += deliver_all(state, framework_id, now_ms)
    return effects + tell_all_operations(state, framework_id, now_ms)


def on_framework_disconnected(
    state: LeaderState, event: FrameworkDisconnected, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.disconnect(event.stream_id)
    if stream is None or stream.framework_id not in state.registry.frameworks:
        return []
    effects = [*give_up_updates(stream), *discard_offers_to(state, stream.framework_id)]
    state.refusals.revive(stream.framework_id)
    state.want_offers(now_ms)
    if stream.is_leaving:
        return effects  # Its removal is proposed already.
    return effects + _note_away(state, stream.framework_id, stream.subscription, now_ms)


def _replace_former(state: LeaderState, stream: FrameworkStream) -> list[LeaderEffect]:
    former = state.frameworks.subscribe(stream)
    if former is None:
        return []
    # The offers were made to the former instance; the new one has not heard of them.
    effects = [*give_up_updates(former), *discard_offers_to(state, stream.framework_id)]
    return [*effects, CloseFrameworkStream(former.stream_id, "Framework failed over")]


def _note_away(
    state: LeaderState, framework_id: FrameworkId, subscription: int, now_ms: int
) -> list[LeaderEffect]:
    timeout_ms = state.registry.frameworks[framework_id].info.failover_timeout_ms
    if timeout_ms == 0:
        return [propose(state, RemoveFramework(framework_id, subscription), now_ms)]
    state.frameworks.removed_at_ms[framework_id] = now_ms + timeout_ms
    return [propose(state, NoteFrameworkAway(framework_id, subscription), now_ms)]
