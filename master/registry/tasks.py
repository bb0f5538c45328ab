"""The rules for tasks: launched, reported, acknowledged, ordered to end, given up."""

from dataclasses import replace
from typing import Final

from master.registry.commands import (
    AcknowledgeReport,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    OrderKill,
    ReportTask,
)
from master.registry.outcome import APPLIED, Applied, Outcome, refused
from master.registry.records import AgentState, KillOrder, TaskRecord, executor_key
from master.registry.reservations import fault_of_parts
from master.registry.state import RegistryState
from trimast.model.executor import ExecutorKind
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resources import Resources
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import NEXT_STATES, TaskState

REPORTS_MAX: Final = 100
"""Unacknowledged reports kept of one task: of a longer row the oldest non-terminal ones go."""


def launch_task(state: RegistryState, decision: LaunchTask, index: int, at_ms: int) -> Outcome:
    refusal = _refusal_of_launch(state, decision)
    if refusal is not None:
        return refusal
    record = TaskRecord(decision.framework_id, decision.task, fence=index, launched_at_ms=at_ms)
    state.add_task(record)
    return Applied(record)


def launch_group(state: RegistryState, decision: LaunchGroup, index: int, at_ms: int) -> Outcome:
    refusal = _refusal_of_launch(state, decision)
    if refusal is not None:
        return refusal
    executor = decision.tasks[0].executor
    is_custom = executor is not None and executor.kind is ExecutorKind.CUSTOM
    group_size = len(decision.tasks) if is_custom else 0
    for task in decision.tasks:
        record = TaskRecord(decision.framework_id, task, fence=index, launched_at_ms=at_ms)
        state.add_task(replace(record, group_size=group_size))
    return APPLIED


def _refusal_of_launch(state: RegistryState, decision: LaunchTask | LaunchGroup) -> Refused | None:
    first = decision.tasks[0]
    if decision.framework_id not in state.frameworks:
        return refused(RefusalReason.FRAMEWORK_UNKNOWN, decision.framework_id)
    for task in decision.tasks:
        if (decision.framework_id, task.task_id) in state.tasks:
            return refused(RefusalReason.TASK_EXISTS, f"Task has duplicate ID: {task.task_id}")
    agent = state.agents.get(first.agent_id)
    if agent is None or agent.state is not AgentState.ACTIVE:
        return refused(RefusalReason.AGENT_GONE, "Agent removed")
    is_shared = executor_key(decision.framework_id, first) in state.tasks_of_executor
    if decision.shares_executor != is_shared:
        detail = "Executor terminated: the tasks that it was there for have just ended"
        return refused(RefusalReason.EXECUTOR_GONE, detail)
    # The same volume twice is more than there is of it, as each takes all.
    total = state.total_on(first.agent_id)
    fault = fault_of_parts(decision.takes, total)
    if fault is not None:
        return refused(RefusalReason.INVALID, fault)
    if not total.covers(state.used_on(first.agent_id) + decision.takes):
        detail = f"{first.agent_id} has no {decision.takes} left"
        return refused(RefusalReason.NOT_ENOUGH_RESOURCES, detail)
    return None


def report_task(state: RegistryState, decision: ReportTask) -> Outcome:
    update = decision.update
    task = state.tasks.get((update.framework_id, update.task_id))
    if task is None or task.fence != update.fence:
        return refused(RefusalReason.TASK_UNKNOWN, update.task_id)
    if update.sequence <= task.sequence or task.state.is_terminal:
        return refused(RefusalReason.NOTHING_TO_DO, f"{update.task_id}: known already")
    if update.sequence != task.sequence + 1 and not task.may_lack_reports:
        detail = f"{update.task_id}: report {update.sequence} came before {task.sequence + 1}"
        return refused(RefusalReason.OUT_OF_ORDER, detail)
    if task.state is TaskState.KILLING and update.state is TaskState.FINISHED:
        update = replace(update, state=TaskState.KILLED)  # It was told to end, and it did.
    if update.state not in NEXT_STATES[task.state]:
        state.replace_task(replace(task, sequence=update.sequence, may_lack_reports=False))
        detail = f"{update.task_id} cannot go from {task.state} to {update.state}"
        return refused(RefusalReason.NOTHING_TO_DO, detail)
    return _take_report(state, task, update, sequence=update.sequence, may_lack_reports=False)


def give_up_task(state: RegistryState, decision: GiveUpTask) -> Outcome:
    update = decision.update
    task = state.tasks.get((update.framework_id, update.task_id))
    if task is None or task.fence != decision.fence or task.state.is_terminal:
        return refused(RefusalReason.NOTHING_TO_DO, f"{update.task_id} is over already")
    sequence, may_lack = task.sequence, task.may_lack_reports
    return _take_report(state, task, update, sequence=sequence, may_lack_reports=may_lack)


def acknowledge_report(state: RegistryState, decision: AcknowledgeReport) -> Outcome:
    task = state.tasks.get((decision.framework_id, decision.task_id))
    if task is None:
        return refused(RefusalReason.TASK_UNKNOWN, decision.task_id)
    left = tuple(report for report in task.reports if report.uuid != decision.uuid)
    if len(left) == len(task.reports):
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.task_id}: no such report")
    task = replace(task, reports=left)
    _put_back(state, task)
    return Applied(task)


def order_kill(state: RegistryState, decision: OrderKill) -> Outcome:
    task = state.tasks.get((decision.framework_id, decision.task_id))
    if task is None or task.state.is_terminal:
        return refused(RefusalReason.TASK_UNKNOWN, decision.task_id)
    task = replace(task, kill=KillOrder(decision.grace_ms))
    state.replace_task(task)
    return Applied(task)


def _take_report(
    state: RegistryState,
    task: TaskRecord,
    update: StatusUpdate,
    *,
    sequence: int,
    may_lack_reports: bool,
) -> Applied:
    # Nobody is left to hear of a removed framework's tasks.
    is_heard = update.framework_id in state.frameworks
    reports = (*task.reports, update) if is_heard else ()
    if len(reports) > REPORTS_MAX:
        reports = reports[1:]
    task = replace(
        task,
        state=update.state,
        reports=reports,
        latest=update,
        sequence=sequence,
        may_lack_reports=may_lack_reports,
    )
    return Applied(task, _put_back(state, task))


def _put_back(state: RegistryState, task: TaskRecord) -> Resources:
    """What it gave back, if it has ended by this."""
    if task.state.is_terminal and not task.reports:
        return state.complete_task(task)
    return state.replace_task(task)
