"""The rules for what is reserved of an agent, and for the volumes that are made of it."""

from master.registry.commands import ConvertResources, ForgetVolumes
from master.registry.operations import fault_of_operation_id, keep_operation
from master.registry.outcome import APPLIED, Outcome, refused
from master.registry.records import AgentState
from master.registry.state import RegistryState
from trimast.model.ids import AgentId
from trimast.model.operation import Operation, OperationKind, fault_of_operation
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resource_kind import reserved_part, volumes_in
from trimast.model.resources import Resources
from trimast.model.volume import HeldVolume, VolumeRecord


def convert_resources(state: RegistryState, decision: ConvertResources, index: int) -> Outcome:
    agent_id, operation = decision.agent_id, decision.operation
    refusal = _refusal(state, decision)
    if refusal is not None:
        return refusal
    total = state.total_on(agent_id) - operation.consumed + operation.converted
    _put(state, agent_id, reserved_part(total))
    named = [(role, volume.persistence_id) for role, volume in volumes_in(operation.resources)]
    kept = state.volumes.get(agent_id, ())
    if operation.kind is OperationKind.CREATE:
        made = tuple(VolumeRecord(HeldVolume(*name, index)) for name in named)
        state.volumes[agent_id] = (*kept, *made)
    elif operation.kind is OperationKind.DESTROY:
        state.volumes[agent_id] = tuple(
            VolumeRecord(
                record.volume,
                record.is_doomed or (record.volume.role, record.volume.persistence_id) in named,
            )
            for record in kept
        )
    keep_operation(state, decision, index)
    return APPLIED


def forget_volumes(state: RegistryState, decision: ForgetVolumes) -> Outcome:
    kept = state.volumes.get(decision.agent_id, ())
    gone = {VolumeRecord(volume, is_doomed=True) for volume in decision.volumes}
    left = tuple(record for record in kept if record not in gone)
    if len(left) == len(kept):
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.agent_id}: none is to be destroyed")
    if left:
        state.volumes[decision.agent_id] = left
    else:
        del state.volumes[decision.agent_id]
    return APPLIED


def fault_of_volumes(operation: Operation, available: Resources, known: Resources) -> str | None:
    """Why these volumes cannot be made, or destroyed.

    Args:
        available: of what it takes its part.
        known: everything that its agent has.
    """
    if operation.kind is OperationKind.CREATE:
        taken = {(role, volume.persistence_id) for role, volume in volumes_in(known)}
        for role, volume in volumes_in(operation.resources):
            if (role, volume.persistence_id) in taken:
                return f"Persistence ID {volume.persistence_id!r} is in use already for {role!r}"
    elif operation.kind is OperationKind.DESTROY:
        return fault_of_parts(operation.resources, available)
    return None


def fault_of_parts(wanted: Resources, available: Resources) -> str | None:
    """A volume is had as a whole or not at all."""
    if not volumes_in(wanted):
        return None
    for name, milli in wanted.scalars:
        if "[" in name and available.scalar_milli(name) not in {0, milli}:
            return f"{name} is a persistent volume, of which nobody can have a part"
    return None


def _refusal(state: RegistryState, decision: ConvertResources) -> Refused | None:
    agent_id, operation = decision.agent_id, decision.operation
    if decision.framework_id and decision.framework_id not in state.frameworks:
        return refused(RefusalReason.FRAMEWORK_UNKNOWN, decision.framework_id)
    agent = state.agents.get(agent_id)
    if agent is None or agent.state is not AgentState.ACTIVE:
        return refused(RefusalReason.AGENT_GONE, "Agent removed")
    fault = fault_of_operation(operation) or fault_of_operation_id(state, decision)
    if fault is not None:
        return refused(RefusalReason.INVALID, fault)
    total = state.total_on(agent_id)
    available = total - state.used_on(agent_id)
    if not available.covers(operation.consumed):
        detail = f"{agent_id} has no {operation.consumed} that nothing uses"
        return refused(RefusalReason.NOT_ENOUGH_RESOURCES, detail)
    fault = fault_of_volumes(operation, available, total)
    return None if fault is None else refused(RefusalReason.INVALID, fault)


def _put(state: RegistryState, agent_id: AgentId, reserved: Resources) -> None:
    if reserved.is_empty:
        state.reserved.pop(agent_id, None)
    else:
        state.reserved[agent_id] = reserved
