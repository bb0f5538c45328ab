"""Bytes between a framework and its executor, and a framework's wish that one ends."""

from agent.effects import AgentEffect
from agent.events import PassToExecutor, ShutExecutorDown
from agent.executors.effects import Message, PassToFramework, TellExecutor
from agent.executors.ending import shut_down
from agent.executors.events import ExecutorSaid
from agent.state import AgentState


def on_pass_to_executor(state: AgentState, order: PassToExecutor) -> list[AgentEffect]:
    executor = state.executors.get(order.key)
    if executor is None or executor.stream_id is None:
        return []  # It may be lost; nobody was promised more.
    return [TellExecutor(executor.key, executor.stream_id, Message(order.data))]


def on_shut_executor_down(
    state: AgentState, order: ShutExecutorDown, now_ms: int
) -> list[AgentEffect]:
    executor = state.executors.get(order.key)
    return [] if executor is None else shut_down(state, executor, now_ms, by_order=True)


def on_executor_said(state: AgentState, event: ExecutorSaid) -> list[AgentEffect]:
    if state.link is None or not state.is_welcome:
        return []
    return [PassToFramework(state.link.link_id, event.key, event.data)]
