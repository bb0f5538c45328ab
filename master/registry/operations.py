"""Operations whose frameworks want to hear of them: kept until they say that they have."""

from typing import Final

from master.registry.commands import AcknowledgeOperation, ConvertResources
from master.registry.outcome import APPLIED, Outcome, refused
from master.registry.records import OperationRecord
from master.registry.state import RegistryState
from trimast.model.refusal import RefusalReason

UNACKNOWLEDGED_MAX: Final = 10_000
"""Of one framework: who acknowledges nothing does not fill the registry."""


def fault_of_operation_id(state: RegistryState, decision: ConvertResources) -> str | None:
    operation_id = decision.operation.operation_id
    if operation_id is None:
        return None
    unacknowledged = state.operations.get(decision.framework_id, {})
    if operation_id in unacknowledged:
        return f"Operation has duplicate ID: {operation_id}"
    if len(unacknowledged) >= UNACKNOWLEDGED_MAX:
        return f"{UNACKNOWLEDGED_MAX} operations of the framework are not acknowledged"
    return None


def keep_operation(state: RegistryState, decision: ConvertResources, index: int) -> None:
    """It was done just now."""
    if decision.operation.operation_id is not None:
        state.add_operation(
            OperationRecord(decision.framework_id, decision.agent_id, decision.operation, index)
        )


def acknowledge_operation(state: RegistryState, decision: AcknowledgeOperation) -> Outcome:
    record = state.operation(decision.framework_id, decision.operation_id)
    if record is None or record.uuid != decision.uuid:
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.operation_id} waits for no such")
    kept = state.operations[decision.framework_id]
    del kept[decision.operation_id]
    if not kept:
        del state.operations[decision.framework_id]
    return APPLIED
