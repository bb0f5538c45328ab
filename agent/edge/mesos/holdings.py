"""What an agent holds, sorted as Mesos sorts it: every task belongs to an executor.

A command task, and each task of a group, is a process of its own here. Towards tools of Mesos it
has an executor that is called after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agent.executors.executor import Executor, executor_key
from agent.state import AgentState
from agent.tasks import Phase, Task, TaskKey
from trimast.model.ids import FrameworkId
from trimast.model.resources import NOTHING, Resources, total_of
from trimast.model.resources_text import resources_from_text

NOT_STARTED = {Phase.ACCEPTED, Phase.STARTING}


@dataclass(frozen=True, slots=True)
class Holding:
    """An executor with its tasks.

    Attributes:
        executor: None of a task that has none of its own.
        pid: 0 while it does not run.
    """

    key: TaskKey
    fence: int
    name: str
    source: str
    pid: int
    resources: Resources
    tasks: tuple[Task, ...]
    executor: Executor | None = None

    @property
    def is_live(self) -> bool:
        return self.executor is not None or self.tasks[0].is_live


def holdings(state: AgentState) -> Iterator[Holding]:
    tasks_of: dict[TaskKey, list[Task]] = {}
    for task in state.tasks.values():
        owner = _executor_of(task)
        if owner is not None:
            tasks_of.setdefault(owner, []).append(task)
    for executor in state.executors.values():
        tasks = tuple(tasks_of.get(executor.key, ()))
        info = executor.notes.info
        yield Holding(
            executor.key,
            executor.fence,
            info.name,
            "",
            executor.pid,
            total_of([info.resources, *(resources_of(t) for t in tasks if t.is_live)]),
            tasks,
            executor,
        )
    for task in state.tasks.values():
        if task.notes.executor_id is None:
            yield Holding(
                task.key,
                task.fence,
                _name_of_command(task),
                task.key.task_id,
                task.pid if task.is_live else 0,
                resources_of(task),
                (task,),
            )


def by_framework(state: AgentState) -> dict[FrameworkId, list[Holding]]:
    found: dict[FrameworkId, list[Holding]] = {name: [] for name in framework_ids(state)}
    for holding in holdings(state):
        found[holding.key.framework_id].append(holding)
    return found


def framework_ids(state: AgentState) -> list[FrameworkId]:
    ids = (key.framework_id for key in (*state.executors, *state.tasks))
    return list(dict.fromkeys(ids))


def resources_of(task: Task) -> Resources:
    return _read(task.notes.resources)


@lru_cache(maxsize=1024)
def _read(text: str) -> Resources:
    """Most tasks ask for what many others do."""
    return resources_from_text(text) if text else NOTHING


def _executor_of(task: Task) -> TaskKey | None:
    executor_id = task.notes.executor_id
    return None if executor_id is None else executor_key(task.key.framework_id, executor_id)


def _name_of_command(task: Task) -> str:
    """As Mesos calls the executor that it invents; of an earlier life the command is not known."""
    name = f"Command Executor (Task: {task.key.task_id})"
    if task.info is None:
        return name
    command = task.info.command
    line = f"sh -c '{_short(command.value)}'" if command.shell else _short(command.value)
    return f"{name} (Command: {line})"


def _short(text: str) -> str:
    return text if len(text) <= 15 else f"{text[:12]}..."
