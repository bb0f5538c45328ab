"""Operations of an accept: each is decided by the log before the next step is looked at.

So a task may use what was reserved, or the volume that was made, just before it. If the leader
goes meanwhile, the steps that are left are lost with it, as if they had never arrived.
"""

from master.leader.declining import refuse_rest
from master.leader.effects import KeepVolumes, LeaderEffect, NoteOperation
from master.leader.events import CommandDecided, InvalidOperation, VolumesDestroyed
from master.leader.proposing import propose
from master.leader.proposing_launches import answer, ids_of, propose_launch
from master.leader.state import Accept, LeaderState
from master.leader.telling_operations import tell_of_failure, tell_operation
from master.presence.agents import LinkStage
from master.registry.commands import ConvertResources, ForgetVolumes
from master.registry.operations import fault_of_operation_id
from master.registry.reservations import fault_of_volumes
from trimast.model.operation import Operation, OperationKind, fault_of_operation
from trimast.model.refusal import Refused
from trimast.model.resource_kind import kinds_in
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState
from trimast.model.volume import VolumeRecord


def go_on(state: LeaderState, accept: Accept, now_ms: int) -> list[LeaderEffect]:
    """Up to the next operation that is to be decided, or to the end."""
    effects: list[LeaderEffect] = []
    ledger, agent_id, framework_id = state.ledger, accept.agent_id, accept.framework_id
    stream = state.frameworks.subscribed(accept.stream_id)
    while accept.steps and stream is not None:
        step = accept.steps.popleft()
        if isinstance(step, InvalidOperation):
            effects.append(NoteOperation(framework_id, agent_id, step.kind, "", step.fault))
            effects += tell_of_failure(state, framework_id, agent_id, step, step.fault)
        elif isinstance(step, Operation):
            fault = _fault_of(state, accept, step)
            if fault is None:
                decision = ConvertResources(framework_id, agent_id, step)
                accept.deciding = step
                regards = state.wait_for_operation(accept)
                return [*effects, propose(state, decision, now_ms, regards)]
            effects.append(_noted(ConvertResources(framework_id, agent_id, step), fault))
            effects += tell_of_failure(state, framework_id, agent_id, step, fault)
        elif not _is_active(state, accept):
            effects += [
                answer(
                    state,
                    stream,
                    task_id,
                    TaskState.DROPPED,
                    "Agent disconnected",
                    now_ms,
                    agent_id,
                    StatusReason.AGENT_DISCONNECTED,
                )
                for task_id in ids_of(step)
            ]
        else:
            ledger.break_promise(agent_id, framework_id, accept.left)
            more, accept.left = propose_launch(state, stream, agent_id, step, accept.left, now_ms)
            effects += more
            ledger.promise(agent_id, framework_id, accept.left)
    for step in accept.steps:  # That are never looked at: whoever wanted them has gone.
        if isinstance(step, Operation | InvalidOperation):
            effects += tell_of_failure(state, framework_id, agent_id, step, "Framework failed over")
    ledger.break_promise(agent_id, framework_id, accept.left)
    state.want_offers(now_ms)
    if stream is not None:
        refuse_rest(state, stream, agent_id, accept.left, accept.refuse_ms, now_ms)
    return effects


def on_conversion_decided(
    state: LeaderState, decision: ConvertResources, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    accept = state.accepts.pop(event.regards)
    accept.deciding = None
    outcome, operation = event.outcome, decision.operation
    if isinstance(outcome, Refused):
        owner = (decision.framework_id, decision.agent_id)
        told = tell_of_failure(state, *owner, operation, outcome.detail)
        return [_noted(decision, outcome.detail), *told, *go_on(state, accept, now_ms)]
    state.ledger.convert(decision.agent_id, operation.consumed, operation.converted)
    accept.left = accept.left - operation.consumed + operation.converted
    effects: list[LeaderEffect] = [_noted(decision, "")]
    link = state.agents.link_of.get(decision.agent_id)
    concerns_agent = operation.kind in {OperationKind.CREATE, OperationKind.DESTROY}
    if concerns_agent and link is not None and link.stage is not LinkStage.ADMITTING:
        # Otherwise it is told when it comes: volumes are in the registry.
        effects.append(KeepVolumes(link.link_id, state.registry.volumes[decision.agent_id]))
    if operation.operation_id is not None:
        record = state.registry.operation(decision.framework_id, operation.operation_id)
        assert record is not None
        effects += tell_operation(state, record, now_ms)
    return effects + go_on(state, accept, now_ms)


def on_volumes_destroyed(
    state: LeaderState, event: VolumesDestroyed, now_ms: int
) -> list[LeaderEffect]:
    link = state.agents.links.get(event.link_id)
    if link is None:
        return []
    link.heard_ms = now_ms
    due = state.registry.volumes.get(link.agent_id, ())
    gone = tuple(v for v in event.volumes if VolumeRecord(v, is_doomed=True) in due)
    return [propose(state, ForgetVolumes(link.agent_id, gone), now_ms)] if gone else []


def _fault_of(state: LeaderState, accept: Accept, operation: Operation) -> str | None:
    framework = state.registry.frameworks[accept.framework_id].info
    if not _is_active(state, accept):
        return "Agent disconnected"
    wanted = ConvertResources(accept.framework_id, accept.agent_id, operation)
    fault = fault_of_operation(operation) or fault_of_operation_id(state.registry, wanted)
    if fault is not None:
        return fault
    if operation.kind is OperationKind.RESERVE:
        for kind in kinds_in(operation.resources):
            if kind.role != framework.roles[0]:
                return f"it reserves for {kind.role!r} what was offered to {framework.roles[0]!r}"
            if kind.principal != framework.principal:
                return (
                    f"its principal is {kind.principal!r}, and the framework's"
                    f" {framework.principal!r}"
                )
    if not accept.left.covers(operation.consumed):
        return f"it takes {operation.consumed}, and of what was offered {accept.left} is left"
    total = state.registry.total_on(accept.agent_id)
    return fault_of_volumes(operation, accept.left, total)


def _is_active(state: LeaderState, accept: Accept) -> bool:
    """While an agent is admitted again, nothing of it may be promised: its total may change."""
    return state.agents.active_link(accept.agent_id) is not None


def _noted(decision: ConvertResources, fault: str) -> NoteOperation:
    operation = decision.operation
    return NoteOperation(
        decision.framework_id,
        decision.agent_id,
        operation.kind.name,
        str(operation.resources),
        fault,
    )
