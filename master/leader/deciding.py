"""A command is decided: what it was decides who hears of it."""

from typing import assert_never

from master.leader.converting import on_conversion_decided
from master.leader.effects import AnswerOperator, LeaderEffect
from master.leader.events import CommandDecided, OperatorAsked
from master.leader.killing import on_kill_decided
from master.leader.launching import on_launch_decided
from master.leader.losing import on_agent_marked_unreachable
from master.leader.operating import on_operators_conversion_decided
from master.leader.proposing import propose
from master.leader.registering import on_agent_admitted
from master.leader.reporting import (
    on_acknowledgement_decided,
    on_report_decided,
    on_task_given_up,
)
from master.leader.state import LeaderState
from master.leader.subscribing import on_framework_admitted
from master.leader.tearing_down import on_framework_removed
from master.leader.telling_operations import on_operation_acknowledgement_decided
from master.registry.commands import (
    AcknowledgeOperation,
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    ConvertResources,
    ForgetVolumes,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    OrderKill,
    ProveQuorum,
    RemoveFramework,
    ReportTask,
)
from trimast.model.refusal import RefusalReason, Refused

_REPEATED = (MarkAgentUnreachable, RemoveFramework, OrderKill, GiveUpTask, ForgetVolumes)


def on_operator_asked(state: LeaderState, event: OperatorAsked, now_ms: int) -> list[LeaderEffect]:
    return [propose(state, event.decision, now_ms, event.request)]


def on_command_decided(
    state: LeaderState, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    outcome = event.outcome
    if _is_to_be_repeated(event):
        state.postponed[event.decision] = None
        return []
    match event.decision:
        case AdmitAgent() as decision:
            return on_agent_admitted(state, decision, event, now_ms)
        case MarkAgentUnreachable() as decision:
            return on_agent_marked_unreachable(state, decision, outcome, now_ms)
        case AdmitFramework() as decision:
            return on_framework_admitted(state, decision, event, now_ms)
        case RemoveFramework() as decision:
            answer = _answer_operator(event)
            return answer + on_framework_removed(state, decision, outcome, now_ms)
        case LaunchTask() | LaunchGroup() as decision:
            return on_launch_decided(state, decision, outcome, now_ms)
        case ConvertResources(framework_id="") as decision:
            return on_operators_conversion_decided(state, decision, event, now_ms)
        case ConvertResources() as decision:
            return on_conversion_decided(state, decision, event, now_ms)
        case ReportTask() as decision:
            return on_report_decided(state, decision, outcome, now_ms)
        case GiveUpTask():
            return on_task_given_up(state, outcome, now_ms)
        case OrderKill() as decision:
            return _answer_operator(event) + on_kill_decided(state, decision, outcome)
        case ProveQuorum():
            return _answer_operator(event)
        case AcknowledgeReport() as decision:
            return on_acknowledgement_decided(state, decision, outcome)
        case AcknowledgeOperation() as decision:
            return on_operation_acknowledgement_decided(state, decision, outcome)
        case NoteFrameworkAway() | BeginEpoch() | ForgetVolumes():
            return []  # The registry has it; nobody waits for it.
        case _ as never:
            assert_never(never)


def _is_to_be_repeated(event: CommandDecided) -> bool:
    """The log was too busy for what has to happen, and nobody else would ask for it again."""
    return (
        isinstance(event.outcome, Refused)
        and event.outcome.reason is RefusalReason.OVERLOADED
        and isinstance(event.decision, _REPEATED)
        and not event.regards
    )


def _answer_operator(event: CommandDecided) -> list[LeaderEffect]:
    if not event.regards:
        return []
    return [AnswerOperator(event.regards, event.outcome, event.index)]
