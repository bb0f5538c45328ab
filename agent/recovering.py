"""An agent begins, with what its last life wrote down: its tasks have run on, and are looked for.

What has become of each is asked of the launcher, which has outlived the agent or has a record of
it. Nothing is started again, and nothing is touched that is not surely one of these.
"""

from collections.abc import Iterable
from typing import assert_never

from agent.checkpoints.records import (
    AgentAdmitted,
    AgentDescribed,
    EpochSeen,
    ExecutorAccepted,
    ExecutorEnded,
    ProcessBegun,
    Record,
    ReportMade,
    ReportsTaken,
    StatusesAcknowledged,
    TaskAccepted,
    TasksEnded,
)
from agent.effects import AgentEffect, FindProcess, OpenLink
from agent.executors.executor import Executor, executor_key
from agent.reporting import forget
from agent.state import AgentRules, AgentState
from agent.tasks import Kill, Phase, Task, TaskKey
from agent.updates.stream import UpdateStream
from trimast.model.agent import AgentInfo
from trimast.model.ids import ExecutorId
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import TaskState

_Begun = dict[tuple[TaskKey, int], ProcessBegun]


def recover(
    records: Iterable[Record], rules: AgentRules, info: AgentInfo
) -> tuple[AgentState, list[AgentEffect]]:
    """
    Returns:
        The state to go on with, and what to do first: find the tasks that lived, and the leader.
    """
    state = AgentState(rules, info)
    begun: _Begun = {}
    for record in records:
        _replay(state, record, begun)
    state.epoch_written = state.epoch_seen

    for task in state.tasks.values():
        if task.is_live and task.notes.ends_with_agent:
            # Its agent has ended, and so has its time.
            task.kill = Kill(due_ms=0, by_order=False)
    effects: list[AgentEffect] = [
        _find_executor(state, executor, begun.get((executor.key, executor.fence)))
        for executor in state.executors.values()
    ]
    for task in state.tasks.values():
        if not task.is_live:
            if task.group is not None and task.state is not TaskState.FINISHED:
                state.broken_groups.append(task.group)
            continue
        if task.notes.executor_id is not None:
            _rejoin(state, task, task.notes.executor_id)
        else:
            effects.append(_find(state, task, begun.get((task.key, task.fence))))
    return state, [*effects, OpenLink(epoch_min=state.epoch_seen)]


def _find(state: AgentState, task: Task, process: ProcessBegun | None) -> FindProcess:
    assert state.agent_id is not None
    task.phase = Phase.RECOVERING
    if process is None:
        return FindProcess(state.agent_id, task.key, task.fence)
    task.pid, task.start_ticks, task.boot_id = process.pid, process.start_ticks, process.boot_id
    # Written down together with the report that says so.
    task.state = TaskState.RUNNING
    place = (process.pid, process.start_ticks, process.boot_id)
    return FindProcess(state.agent_id, task.key, task.fence, *place)


def _find_executor(
    state: AgentState, executor: Executor, process: ProcessBegun | None
) -> FindProcess:
    assert state.agent_id is not None
    executor.phase = Phase.RECOVERING
    if executor.notes.ends_with_agent:
        executor.ending = Kill(due_ms=0, by_order=False)
    if process is None:
        return FindProcess(state.agent_id, executor.key, executor.fence)
    place = (process.pid, process.start_ticks, process.boot_id)
    executor.pid, executor.start_ticks, executor.boot_id = place
    return FindProcess(state.agent_id, executor.key, executor.fence, *place)


def _rejoin(state: AgentState, task: Task, executor_id: ExecutorId) -> None:
    """What became of it is known when its executor is back."""
    task.phase = Phase.RECOVERING
    if task.stream.made and task.state is TaskState.STAGING:
        task.state = TaskState.RUNNING  # It was reported, and the report was taken.
    state.executors[executor_key(task.key.framework_id, executor_id)].tasks[task.key] = None


def _replay(state: AgentState, record: Record, begun: _Begun) -> None:
    """Told twice, a record changes nothing: a rewritten journal may say again what it holds."""
    match record:
        case AgentAdmitted():
            state.agent_id = record.agent_id
        case AgentDescribed():
            state.described = record
        case EpochSeen():
            state.epoch_seen = max(state.epoch_seen, record.epoch)
        case TasksEnded():
            state.ended.update(record.ended)
        case TaskAccepted():
            _replay_accepted(state, record)
        case ProcessBegun():
            begun[record.key, record.fence] = record
        case ExecutorAccepted():
            _replay_executor(state, record)
        case ExecutorEnded():
            ended = state.executors.get(record.key)
            if ended is not None and ended.fence == record.fence:
                del state.executors[record.key]
        case StatusesAcknowledged():
            task = state.tasks.get(record.key)
            if task is not None and task.fence == record.fence:
                task.acknowledged.update(dict.fromkeys(record.uuids))
        case ReportMade():
            _replay_report(state, record.update)
        case ReportsTaken():
            for uuid in record.uuids:
                _replay_taken(state, uuid)
        case _:
            assert_never(record)


def _replay_accepted(state: AgentState, record: TaskAccepted) -> None:
    if state.ended.get(record.key, 0) >= record.fence:
        return
    held = state.tasks.get(record.key)
    if held is not None and held.fence >= record.fence:
        return
    if held is not None:
        forget(state, held)
    stream = UpdateStream(made=record.settled, written=record.settled)
    state.tasks[record.key] = Task(
        record.key, record.fence, Phase.ACCEPTED, notes=record.notes, stream=stream
    )


def _replay_executor(state: AgentState, record: ExecutorAccepted) -> None:
    held = state.executors.get(record.key)
    if held is not None and held.fence >= record.fence:
        return
    state.executors[record.key] = Executor(
        record.key, record.fence, Phase.ACCEPTED, record.notes, is_of_earlier_life=True
    )


def _replay_report(state: AgentState, update: StatusUpdate) -> None:
    task = state.tasks.get(TaskKey(update.framework_id, update.task_id))
    if task is None or task.fence != update.fence or update.sequence <= task.stream.made:
        return
    task.stream.restore(update)
    task.state, task.healthy, task.check = update.state, update.healthy, update.check
    state.by_uuid[update.uuid] = task.key
    if update.state.is_terminal:
        task.phase = Phase.ENDED


def _replay_taken(state: AgentState, uuid: bytes) -> None:
    key = state.by_uuid.pop(uuid, None)
    if key is None:
        return
    task = state.tasks[key]
    update = task.stream.take(uuid)
    if task.notes.executor_id is not None:
        task.note_acknowledged(uuid)
    if update is not None and update.state.is_terminal:
        forget(state, task)
