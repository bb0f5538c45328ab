"""Tasks of an accept: check each, promise what it takes, propose its launch; or say why not."""

from master.leader.answering import masters_update
from master.leader.effects import LeaderEffect, SendUpdate
from master.leader.events import InvalidGroup, InvalidTask, TaskGroup
from master.leader.placing_executors import fault_of_executor, has_executor
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream
from master.registry.commands import LaunchGroup, LaunchTask
from master.registry.reservations import fault_of_parts
from trimast.model.executor import ExecutorKind
from trimast.model.ids import AgentId, TaskId
from trimast.model.resource_kind import volumes_in
from trimast.model.resources import Resources, total_of
from trimast.model.status_update import StatusReason
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

Launch = TaskInfo | InvalidTask | TaskGroup | InvalidGroup


def propose_launch(
    state: LeaderState,
    stream: FrameworkStream,
    agent_id: AgentId,
    launch: Launch,
    left: Resources,
    now_ms: int,
) -> tuple[list[LeaderEffect], Resources]:
    """
    Args:
        left: of what was offered; it is free.

    Returns:
        What is left then, too.
    """
    fault = _fault_of(state, stream, launch, agent_id, left)
    decision = None if fault is not None else _decision(state, stream, launch)
    if decision is None:
        is_group = isinstance(launch, TaskGroup | InvalidGroup)
        reason = StatusReason.TASK_GROUP_INVALID if is_group else StatusReason.TASK_INVALID
        return [
            answer(state, stream, task_id, TaskState.ERROR, fault or "", now_ms, agent_id, reason)
            for task_id in ids_of(launch)
        ], left
    state.ledger.promise(agent_id, stream.framework_id, decision.takes)
    for task in decision.tasks:
        state.launching[stream.framework_id, task.task_id] = decision
    return [propose(state, decision, now_ms)], left - decision.takes


def ids_of(launch: Launch) -> tuple[TaskId, ...]:
    match launch:
        case TaskGroup():
            return tuple(task.task_id for task in launch.tasks)
        case InvalidGroup():
            return launch.task_ids
        case _:
            return (launch.task_id,)


def _decision(
    state: LeaderState, stream: FrameworkStream, launch: Launch
) -> LaunchTask | LaunchGroup | None:
    match launch:
        case TaskGroup():
            is_there = has_executor(state, stream, launch.tasks[0])
            return LaunchGroup(stream.framework_id, launch.tasks, is_there)
        case TaskInfo():
            is_there = has_executor(state, stream, launch)
            return LaunchTask(stream.framework_id, launch, is_there)
        case _:
            return None


def _fault_of(
    state: LeaderState,
    stream: FrameworkStream,
    launch: Launch,
    agent_id: AgentId,
    left: Resources,
) -> str | None:
    """Why none of it can be launched."""
    if isinstance(launch, InvalidTask | InvalidGroup):
        return launch.fault
    tasks = launch.tasks if isinstance(launch, TaskGroup) else (launch,)
    for task in tasks:
        fault = _fault_of_task(state, stream, task, agent_id)
        if fault is not None:
            return fault
    return _fault_of_size(state, stream, tasks, left)


def _fault_of_task(
    state: LeaderState, stream: FrameworkStream, task: TaskInfo, agent_id: AgentId
) -> str | None:
    key = (stream.framework_id, task.task_id)
    if key in state.registry.tasks or key in state.launching:
        return f"Task has duplicate ID: {task.task_id}"
    if task.agent_id != agent_id:
        return f"Task uses invalid agent {task.agent_id} while agent {agent_id} is expected"
    executor = task.executor
    is_own_process = executor is not None and executor.kind is ExecutorKind.CUSTOM
    if executor is not None and not is_own_process and volumes_in(executor.resources):
        return "Persistent volumes of a group's executor, which is no process, are not supported"
    return fault_of_executor(state, stream, task)


def _fault_of_size(
    state: LeaderState, stream: FrameworkStream, tasks: tuple[TaskInfo, ...], left: Resources
) -> str | None:
    """One after the other: what two of them name, as a port, cannot be had twice."""
    wanted = [task.resources for task in tasks]
    executor = tasks[0].executor
    if executor is not None and not has_executor(state, stream, tasks[0]):
        wanted.append(executor.resources)
    still = left
    for each in wanted:
        fault = fault_of_parts(each, still)
        if fault is not None:
            return fault
        if not still.covers(each):
            return (
                f"Total resources {total_of(wanted)} required by task and its executor is more "
                f"than available {left}"
            )
        still -= each
    return None


def answer(
    state: LeaderState,
    stream: FrameworkStream,
    task_id: TaskId,
    task_state: TaskState,
    message: str,
    now_ms: int,
    agent_id: AgentId | None = None,
    reason: StatusReason = StatusReason.INVALID_OFFERS,
) -> SendUpdate:
    update = masters_update(
        state, now_ms, stream.framework_id, task_id, agent_id, task_state, reason, message
    )
    return SendUpdate(stream.stream_id, update)
