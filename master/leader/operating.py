"""An operator reserves, or makes or destroys volumes, on an agent: of what no task uses."""

from typing import Final

from master.leader.effects import AnswerOperator, KeepVolumes, LeaderEffect, NoteOperation
from master.leader.events import CommandDecided, ConversionAsked
from master.leader.offering import withdraw_offers_of_agent
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.agents import LinkStage
from master.registry.commands import ConvertResources
from master.registry.outcome import refused
from master.registry.reservations import fault_of_volumes
from trimast.model.ids import FrameworkId
from trimast.model.operation import OperationKind, fault_of_operation
from trimast.model.refusal import RefusalReason, Refused

NOBODY: Final = FrameworkId("")
"""No framework does this."""


def on_conversion_asked(
    state: LeaderState, event: ConversionAsked, now_ms: int
) -> list[LeaderEffect]:
    agent_id, operation = event.agent_id, event.operation
    refusal = _refusal(state, event)
    if refusal is not None:
        return [AnswerOperator(event.request, refusal, 0)]
    effects: list[LeaderEffect] = []
    if not state.ledger.accounts[agent_id].free.covers(operation.consumed):
        # Nobody has launched on these yet, and whoever tries will be told that they are gone.
        effects += withdraw_offers_of_agent(state, agent_id)
        state.want_offers(now_ms)
    # Set aside, so that nobody is offered it before it is decided.
    state.ledger.promise(agent_id, NOBODY, operation.consumed)
    decision = ConvertResources(NOBODY, agent_id, operation)
    return [*effects, propose(state, decision, now_ms, event.request)]


def on_operators_conversion_decided(
    state: LeaderState, decision: ConvertResources, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    agent_id, operation = decision.agent_id, decision.operation
    is_refused = isinstance(event.outcome, Refused)
    if not is_refused:
        state.ledger.convert(agent_id, operation.consumed, operation.converted)
    left = operation.consumed if is_refused else operation.converted
    state.ledger.break_promise(agent_id, NOBODY, left)
    state.want_offers(now_ms)
    fault = event.outcome.detail if isinstance(event.outcome, Refused) else ""
    effects: list[LeaderEffect] = [
        NoteOperation(NOBODY, agent_id, operation.kind.name, str(operation.resources), fault)
    ]
    link = state.agents.link_of.get(agent_id)
    concerns_agent = operation.kind in {OperationKind.CREATE, OperationKind.DESTROY}
    is_there = link is not None and link.stage is not LinkStage.ADMITTING
    if link is not None and is_there and concerns_agent and not is_refused:
        # Otherwise it is told when it comes: volumes are in the registry.
        effects.append(KeepVolumes(link.link_id, state.registry.volumes[agent_id]))
    return [*effects, AnswerOperator(event.regards, event.outcome, event.index)]


def _refusal(state: LeaderState, event: ConversionAsked) -> Refused | None:
    agent_id, operation = event.agent_id, event.operation
    if state.agents.active_link(agent_id) is None:
        return refused(RefusalReason.AGENT_UNKNOWN, f"{agent_id} is not there")
    fault = fault_of_operation(operation)
    if fault is not None:
        return refused(RefusalReason.INVALID, fault)
    account = state.ledger.accounts[agent_id]
    unused = account.free + account.offered
    if not unused.covers(operation.consumed):
        detail = f"{agent_id} has no {operation.consumed} that nothing uses"
        return refused(RefusalReason.NOT_ENOUGH_RESOURCES, detail)
    fault = fault_of_volumes(operation, unused, state.registry.total_on(agent_id))
    return None if fault is None else refused(RefusalReason.INVALID, fault)
