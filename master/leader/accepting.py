"""A framework accepts offers: check it, then propose the launches."""

from master.leader.answering import masters_update
from master.leader.declining import refuse_rest
from master.leader.effects import CountOffers, LeaderEffect, SendUpdate
from master.leader.events import InvalidGroup, InvalidTask, OffersAccepted, TaskGroup
from master.leader.placing_executors import fault_of_executor, has_executor
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream
from master.registry.commands import LaunchGroup, LaunchTask
from trimast.model.ids import AgentId, OfferId, TaskId
from trimast.model.offer import Offer
from trimast.model.resources import Resources, total_of
from trimast.model.status_update import StatusReason
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

Launch = TaskInfo | InvalidTask | TaskGroup | InvalidGroup


def on_offers_accepted(
    state: LeaderState, event: OffersAccepted, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None:
        return []
    fault = _fault_of_offers(state, stream, event.offer_ids)
    offers = _spend(state, stream, event.offer_ids)
    state.want_offers(now_ms)
    if fault is not None:
        message = f"Task launched with invalid offers: {fault}"
        return [
            _answer(state, stream, task_id, TaskState.DROPPED, message, now_ms)
            for launch in event.launches
            for task_id in _ids_of(launch)
        ]
    agent_id = offers[0].agent_id
    left = total_of(offer.resources for offer in offers)
    effects: list[LeaderEffect] = [CountOffers("accepted", len(offers))]
    for launch in event.launches:
        fault = _fault_of(state, stream, launch, agent_id, left)
        decision = None if fault is not None else _decision(state, stream, launch)
        if decision is None:
            is_group = isinstance(launch, TaskGroup | InvalidGroup)
            reason = StatusReason.TASK_GROUP_INVALID if is_group else StatusReason.TASK_INVALID
            message = fault or ""
            effects += [
                _answer(state, stream, task_id, TaskState.ERROR, message, now_ms, agent_id, reason)
                for task_id in _ids_of(launch)
            ]
            continue
        left -= decision.takes
        state.ledger.promise(agent_id, stream.framework_id, decision.takes)
        for task in decision.tasks:
            state.launching[stream.framework_id, task.task_id] = decision
        effects.append(propose(state, decision, now_ms))
    refuse_rest(state, stream, agent_id, left, event.refuse_ms, now_ms)
    return effects


def _ids_of(launch: Launch) -> tuple[TaskId, ...]:
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


def _spend(
    state: LeaderState, stream: FrameworkStream, offer_ids: tuple[OfferId, ...]
) -> list[Offer]:
    """An accepted offer is spent, whatever comes of it: its resources are free from here on, and
    the launches take what they need out of them."""
    return [
        state.ledger.close(offer_id)
        for offer_id in dict.fromkeys(offer_ids)
        if _is_open_to(state, stream, offer_id)
    ]


def _is_open_to(state: LeaderState, stream: FrameworkStream, offer_id: OfferId) -> bool:
    opened = state.ledger.open_offers.get(offer_id)
    return opened is not None and opened.offer.framework_id == stream.framework_id


def _fault_of_offers(
    state: LeaderState, stream: FrameworkStream, offer_ids: tuple[OfferId, ...]
) -> str | None:
    if not offer_ids:
        return "No offers specified"
    if len(set(offer_ids)) < len(offer_ids):
        return "Duplicate offer in offer list"
    for offer_id in offer_ids:
        if not _is_open_to(state, stream, offer_id):
            return f"Offer {offer_id} is no longer valid"
    agents = {state.ledger.open_offers[offer_id].offer.agent_id for offer_id in offer_ids}
    if len(agents) > 1:
        return f"Aggregated offers must belong to one single agent, not to {', '.join(agents)}"
    return None


def _fault_of_task(
    state: LeaderState, stream: FrameworkStream, task: TaskInfo, agent_id: AgentId
) -> str | None:
    key = (stream.framework_id, task.task_id)
    if key in state.registry.tasks or key in state.launching:
        return f"Task has duplicate ID: {task.task_id}"
    if task.agent_id != agent_id:
        return f"Task uses invalid agent {task.agent_id} while agent {agent_id} is expected"
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
        if not still.covers(each):
            return (
                f"Total resources {total_of(wanted)} required by task and its executor is more "
                f"than available {left}"
            )
        still -= each
    return None


def _answer(
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
