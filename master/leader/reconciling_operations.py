"""A framework asks how its operations went: answered at once, from the registry."""

from dataclasses import replace

from master.leader.effects import LeaderEffect, SendOperationUpdate
from master.leader.events import OperationsAsked
from master.leader.state import LeaderState
from master.leader.telling_operations import update_of
from master.registry.records import AgentState, OperationRecord
from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.operation_update import OperationState, OperationUpdate


def on_operations_asked(state: LeaderState, event: OperationsAsked) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    framework_id = stream.framework_id
    if not event.operations:
        updates = [_latest(record) for record in state.registry.operations_of(framework_id)]
    else:
        updates = [_answer(state, framework_id, *asked) for asked in event.operations]
    return [SendOperationUpdate(stream.stream_id, update) for update in updates]


def _latest(record: OperationRecord) -> OperationUpdate:
    """An answer is not to be acknowledged, even if the news that it repeats is."""
    return replace(update_of(record), uuid=b"", message="Reconciliation: Latest operation status")


def _answer(
    state: LeaderState,
    framework_id: FrameworkId,
    operation_id: OperationId,
    agent_id: AgentId | None,
) -> OperationUpdate:
    record = state.registry.operation(framework_id, operation_id)
    if record is not None:
        return _latest(record)
    pending_on = _agent_of_pending(state, framework_id, operation_id)
    if pending_on is not None:
        message = "Reconciliation: Operation is being decided"
        told = OperationState.PENDING
        return OperationUpdate(framework_id, operation_id, pending_on, told, message)
    agent = None if agent_id is None else state.registry.agents.get(agent_id)
    told, message = OperationState.UNKNOWN, "Reconciliation: Operation is unknown"
    if agent is not None and agent.state is AgentState.UNREACHABLE:
        told, message = OperationState.UNREACHABLE, "Reconciliation: Agent is unreachable"
    return OperationUpdate(framework_id, operation_id, agent_id or AgentId(""), told, message)


def _agent_of_pending(
    state: LeaderState, framework_id: FrameworkId, operation_id: OperationId
) -> AgentId | None:
    """Of one that waits for the log, or for those before it."""
    for accept in state.accepts.values():
        steps = (accept.deciding, *accept.steps)
        ids = (getattr(step, "operation_id", None) for step in steps)
        if accept.framework_id == framework_id and operation_id in ids:
            return accept.agent_id
    return None
