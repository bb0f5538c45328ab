"""Apply one committed command. No clock, no chance, no I/O: every master must end up the same."""

from typing import assert_never

from master.registry.agents import admit_agent, mark_agent_unreachable
from master.registry.commands import (
    AcknowledgeOperation,
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    Command,
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
from master.registry.epochs import begin_epoch, stale_epoch
from master.registry.frameworks import admit_framework, note_framework_away, remove_framework
from master.registry.operations import acknowledge_operation
from master.registry.outcome import APPLIED, Outcome
from master.registry.reservations import convert_resources, forget_volumes
from master.registry.state import RegistryState
from master.registry.tasks import (
    acknowledge_report,
    give_up_task,
    launch_group,
    launch_task,
    order_kill,
    report_task,
)


def apply(state: RegistryState, index: int, command: Command) -> Outcome:
    """
    Args:
        index: of the command in the log; it becomes the fence of a launch.
    """
    decision, at_ms = command.decision, command.at_ms
    if isinstance(decision, BeginEpoch):
        return begin_epoch(state, decision)
    if command.epoch != state.epoch:
        return stale_epoch(state, command.epoch)
    match decision:
        case AdmitAgent():
            return admit_agent(state, decision, at_ms)
        case MarkAgentUnreachable():
            return mark_agent_unreachable(state, decision, at_ms)
        case AdmitFramework():
            return admit_framework(state, decision, at_ms)
        case NoteFrameworkAway():
            return note_framework_away(state, decision, at_ms)
        case RemoveFramework():
            return remove_framework(state, decision, at_ms)
        case LaunchTask():
            return launch_task(state, decision, index, at_ms)
        case LaunchGroup():
            return launch_group(state, decision, index, at_ms)
        case ConvertResources():
            return convert_resources(state, decision, index)
        case AcknowledgeOperation():
            return acknowledge_operation(state, decision)
        case ForgetVolumes():
            return forget_volumes(state, decision)
        case ReportTask():
            return report_task(state, decision)
        case AcknowledgeReport():
            return acknowledge_report(state, decision)
        case OrderKill():
            return order_kill(state, decision)
        case GiveUpTask():
            return give_up_task(state, decision)
        case ProveQuorum():
            return APPLIED
        case _:
            assert_never(decision)
