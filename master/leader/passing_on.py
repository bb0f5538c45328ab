"""Between frameworks and their executors: what is said, and that one is over. All may be lost."""

from master.leader.effects import (
    AnnounceExecutorEnd,
    LeaderEffect,
    PassToExecutor,
    SendExecutorMessage,
    ShutExecutorDown,
)
from master.leader.events import (
    ExecutorEnded,
    ExecutorSaid,
    ExecutorShutdownRequested,
    FrameworkSaid,
)
from master.leader.state import LeaderState
from master.presence.frameworks import StreamId
from trimast.model.ids import AgentId


def on_framework_said(state: LeaderState, event: FrameworkSaid) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    link = state.agents.active_link(event.agent_id)
    if stream is None or link is None:
        return []
    return [PassToExecutor(link.link_id, stream.framework_id, event.executor_id, event.data)]


def on_executor_shutdown_requested(
    state: LeaderState, event: ExecutorShutdownRequested
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    link = state.agents.active_link(event.agent_id)
    if stream is None or link is None:
        return []
    return [ShutExecutorDown(link.link_id, stream.framework_id, event.executor_id)]


def on_executor_said(state: LeaderState, event: ExecutorSaid, now_ms: int) -> list[LeaderEffect]:
    between = _hear(state, event, now_ms)
    if between is None:
        return []
    stream_id, agent_id = between
    return [SendExecutorMessage(stream_id, agent_id, event.executor_id, event.data)]


def on_executor_ended(state: LeaderState, event: ExecutorEnded, now_ms: int) -> list[LeaderEffect]:
    between = _hear(state, event, now_ms)
    if between is None:
        return []
    stream_id, agent_id = between
    return [AnnounceExecutorEnd(stream_id, agent_id, event.executor_id, event.status)]


def _hear(
    state: LeaderState, event: ExecutorSaid | ExecutorEnded, now_ms: int
) -> tuple[StreamId, AgentId] | None:
    """Whom to tell, and of which agent; None if nobody is there to be told."""
    link = state.agents.links.get(event.link_id)
    if link is None:
        return None
    link.heard_ms = now_ms
    stream = state.frameworks.stream_of.get(event.framework_id)
    return None if stream is None else (stream.stream_id, link.agent_id)
