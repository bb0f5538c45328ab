"""The fewest records that tell what the agent holds: a grown journal is rewritten with these."""

from agent.checkpoints.records import (
    AgentAdmitted,
    EpochSeen,
    ExecutorAccepted,
    ProcessBegun,
    Record,
    ReportMade,
    StatusesAcknowledged,
    TaskAccepted,
    TasksEnded,
)
from agent.state import AgentState


def records_of(state: AgentState) -> list[Record]:
    """Holds what is not on disk yet, too: written again after it, that changes nothing."""
    records: list[Record] = []
    if state.agent_id is not None:
        records.append(AgentAdmitted(state.agent_id))
    if state.described is not None:
        records.append(state.described)
    if state.epoch_seen:
        records.append(EpochSeen(state.epoch_seen))
    if state.ended:
        records.append(TasksEnded(tuple(state.ended.items())))
    for executor in state.executors.values():
        records.append(ExecutorAccepted(executor.key, executor.fence, executor.notes))
        if executor.pid:
            place = (executor.pid, executor.start_ticks, executor.boot_id)
            records.append(ProcessBegun(executor.key, executor.fence, *place))
    for task in state.tasks.values():
        records.append(TaskAccepted(task.key, task.fence, task.stream.settled, task.notes))
        if task.is_live and task.pid:
            process = (task.pid, task.start_ticks, task.boot_id)
            records.append(ProcessBegun(task.key, task.fence, *process))
        if task.acknowledged:
            records.append(StatusesAcknowledged(task.key, task.fence, tuple(task.acknowledged)))
        records.extend(ReportMade(update) for update in task.stream.untaken)
    return records
