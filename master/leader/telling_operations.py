"""How operations went: their frameworks are told, again and again until they say that they know."""

from master.leader.effects import LeaderEffect, SendOperationUpdate
from master.leader.events import InvalidOperation, OperationAcknowledged
from master.leader.proposing import propose
from master.leader.state import LeaderState, OperationDelivery
from master.registry.commands import AcknowledgeOperation
from master.registry.outcome import Outcome
from master.registry.records import OperationRecord
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.operation import Operation
from trimast.model.operation_update import OperationState, OperationUpdate
from trimast.model.refusal import RefusalReason, Refused


def tell_operation(state: LeaderState, record: OperationRecord, now_ms: int) -> list[LeaderEffect]:
    """Of one that is committed; if its framework is away, it waits for it."""
    stream = state.frameworks.stream_of.get(record.framework_id)
    operation_id = record.operation.operation_id
    if stream is None or operation_id is None:
        return []
    again_ms = now_ms + state.settings.report_retry_first_ms
    key = (record.framework_id, operation_id)
    state.operation_deliveries[key] = OperationDelivery(record.uuid, again_ms)
    return [SendOperationUpdate(stream.stream_id, update_of(record))]


def tell_all_operations(
    state: LeaderState, framework_id: FrameworkId, now_ms: int
) -> list[LeaderEffect]:
    """A framework is there (again)."""
    return [
        effect
        for record in state.registry.operations_of(framework_id)
        for effect in tell_operation(state, record, now_ms)
    ]


def tell_operations_again(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    overdue = [(k, d) for k, d in state.operation_deliveries.items() if d.again_ms <= now_ms]
    effects: list[LeaderEffect] = []
    for key, delivery in overdue:
        record = state.registry.operation(*key)
        stream = state.frameworks.stream_of.get(key[0])
        if record is None or record.uuid != delivery.uuid or stream is None:
            del state.operation_deliveries[key]
            continue
        wait_ms = state.settings.report_retry_first_ms << min(delivery.attempts, 30)
        delivery.again_ms = now_ms + min(wait_ms, state.settings.report_retry_max_ms)
        delivery.attempts += 1
        update = update_of(record)
        effects.append(SendOperationUpdate(stream.stream_id, update, is_repeat=True))
    return effects


def tell_of_failure(
    state: LeaderState,
    framework_id: FrameworkId,
    agent_id: AgentId,
    step: Operation | InvalidOperation,
    why: str,
) -> list[LeaderEffect]:
    """It will not be done. Nothing of that is committed, so it is said once; who does not hear it
    asks, and then nobody knows of such an operation."""
    stream = state.frameworks.stream_of.get(framework_id)
    if stream is None or step.operation_id is None:
        return []
    update = OperationUpdate(framework_id, step.operation_id, agent_id, OperationState.ERROR, why)
    return [SendOperationUpdate(stream.stream_id, update)]


def on_operation_acknowledged(
    state: LeaderState, event: OperationAcknowledged, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    record = state.registry.operation(stream.framework_id, event.operation_id)
    if record is None or record.uuid != event.uuid:
        return []  # Acknowledged before, or never sent.
    known = AcknowledgeOperation(stream.framework_id, event.operation_id, event.uuid)
    return [propose(state, known, now_ms)]


def on_operation_acknowledgement_decided(
    state: LeaderState, decision: AcknowledgeOperation, outcome: Outcome
) -> list[LeaderEffect]:
    """If the log was too busy, it is sent once more, and acknowledged once more."""
    is_refused = isinstance(outcome, Refused) and outcome.reason is RefusalReason.OVERLOADED
    if not is_refused:
        state.operation_deliveries.pop((decision.framework_id, decision.operation_id), None)
    return []


def update_of(record: OperationRecord) -> OperationUpdate:
    """Masters do what there is to do themselves: what is committed is done."""
    operation = record.operation
    assert operation.operation_id is not None
    return OperationUpdate(
        record.framework_id,
        operation.operation_id,
        record.agent_id,
        OperationState.FINISHED,
        converted=operation.converted,
        uuid=record.uuid,
    )
