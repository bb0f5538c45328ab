"""An executor may use what it asks for itself and what its live tasks ask for, and no more."""

from collections.abc import Iterator

from agent.effects import AgentEffect, BoundProcess
from agent.executors.executor import Executor
from agent.state import AgentState
from agent.tasks import Phase, Task
from trimast.model.resources import NOTHING, Resources, total_of
from trimast.model.resources_text import resources_from_text
from trimast.model.task import Limits

LIMITED = ("cpus", "mem")


def bound_executors(state: AgentState) -> list[AgentEffect]:
    """Look after every event whose tasks have come or gone: before it hears of a new one."""
    effects: list[AgentEffect] = []
    for executor in state.executors.values():
        # One that is about to start, or is being looked for, is bounded once it is there.
        if executor.is_resized and executor.phase is Phase.RUNNING:
            executor.is_resized = False
            share, limits = share_of(state, executor), limits_of(state, executor)
            effects.append(BoundProcess(executor.key, executor.fence, share, limits))
    return effects


def share_of(state: AgentState, executor: Executor) -> Resources:
    return executor.notes.info.resources.amounts + total_of(
        _resources_of(task).amounts for task in _tasks_of(state, executor)
    )


def limits_of(state: AgentState, executor: Executor) -> Limits:
    """As with Mesos: once a task names a limit, what others and the executor ask for is theirs."""
    tasks = [(_resources_of(task), dict(task.notes.limits)) for task in _tasks_of(state, executor)]
    limits: list[tuple[str, int | None]] = []
    for name in LIMITED:
        if not any(name in own for _, own in tasks):
            continue
        parts = [own.get(name, resources.scalar_milli(name)) for resources, own in tasks]
        known = [part for part in parts if part is not None]
        total = executor.notes.info.resources.scalar_milli(name) + sum(known)
        limits.append((name, total if len(known) == len(parts) else None))
    return tuple(limits)


def _tasks_of(state: AgentState, executor: Executor) -> Iterator[Task]:
    return (state.tasks[key] for key in executor.tasks)


def _resources_of(task: Task) -> Resources:
    if task.info is not None:
        return task.info.resources
    text = task.notes.resources
    return resources_from_text(text) if ":" in text else NOTHING
