"""An agent begins, with what its last life wrote down.

Tasks do not outlive their agent yet: those that lived when it died are lost. Once a launcher of
its own starts and reaps them, they will be found again here instead.
"""

from collections.abc import Iterable
from typing import assert_never

from agent.checkpoints.records import (
    AgentAdmitted,
    EpochSeen,
    ProcessBegun,
    Record,
    ReportMade,
    ReportsTaken,
    TaskAccepted,
    TasksEnded,
)
from agent.effects import AgentEffect, KillLeftover, OpenLink
from agent.reporting import forget, make_report, report_end
from agent.state import AgentRules, AgentState, Stamps
from agent.tasks import Phase, Task, TaskKey
from agent.updates.stream import UpdateStream
from trimast.model.agent import AgentInfo
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

LOST_MESSAGE = "The agent was restarted, and the task did not outlive it"


def recover(
    records: Iterable[Record], rules: AgentRules, info: AgentInfo, stamps: Stamps
) -> tuple[AgentState, list[AgentEffect]]:
    """
    Returns:
        The state to go on with, and what to do first: end what is left of the tasks that lived,
        write down that they are lost, and look for the leader.
    """
    state = AgentState(rules, info)
    begun: dict[TaskKey, ProcessBegun] = {}
    for record in records:
        _replay(state, record, begun)
    state.epoch_written = state.epoch_seen

    effects: list[AgentEffect] = []
    for task in state.tasks.values():
        process = begun.get(task.key)
        if task.is_live and process is not None and process.fence == task.fence:
            effects.append(KillLeftover(process))
    for task in state.tasks.values():
        if task.is_live:
            effects += _lose(state, task, stamps)
    return state, [*effects, OpenLink(epoch_min=state.epoch_seen)]


def _lose(state: AgentState, task: Task, stamps: Stamps) -> list[AgentEffect]:
    report = make_report(
        state,
        stamps,
        task,
        TaskState.LOST,
        source=StatusSource.AGENT,
        reason=StatusReason.AGENT_RESTARTED,
        message=LOST_MESSAGE,
    )
    return report_end(state, task, report)


def _replay(state: AgentState, record: Record, begun: dict[TaskKey, ProcessBegun]) -> None:
    """Told twice, a record changes nothing: a rewritten journal may say again what it holds."""
    match record:
        case AgentAdmitted():
            state.agent_id = record.agent_id
        case EpochSeen():
            state.epoch_seen = max(state.epoch_seen, record.epoch)
        case TasksEnded():
            state.ended.update(record.ended)
        case TaskAccepted():
            _replay_accepted(state, record)
        case ProcessBegun():
            begun[record.key] = record
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
    state.tasks[record.key] = Task(record.key, record.fence, Phase.ACCEPTED, stream=stream)


def _replay_report(state: AgentState, update: StatusUpdate) -> None:
    task = state.tasks.get(TaskKey(update.framework_id, update.task_id))
    if task is None or task.fence != update.fence or update.sequence <= task.stream.made:
        return
    task.stream.restore(update)
    task.state = update.state
    state.by_uuid[update.uuid] = task.key
    if update.state.is_terminal:
        task.phase = Phase.ENDED


def _replay_taken(state: AgentState, uuid: bytes) -> None:
    key = state.by_uuid.pop(uuid, None)
    if key is None:
        return
    update = state.tasks[key].stream.take(uuid)
    if update is not None and update.state.is_terminal:
        forget(state, state.tasks[key])
