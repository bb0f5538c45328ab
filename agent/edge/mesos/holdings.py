"""What an agent holds, sorted as Mesos sorts it: every task belongs to an executor.

A command task, and each task of a group, is a process of its own here. Towards tools of Mesos it
has an executor that is called after it.
"""

from functools import lru_cache
from typing import NamedTuple

from agent.executors.executor import Executor, executor_key
from agent.state import AgentState
from agent.tasks import Phase, Task, TaskKey
from trimast.model.ids import FrameworkId
from trimast.model.resources import NOTHING, Resources, total_of
from trimast.model.resources_text import resources_from_text

NOT_STARTED = {Phase.ACCEPTED, Phase.STARTING}


class Holding(NamedTuple):
    """An executor with its tasks. Those are of the moment in which it was asked for; how they are,
    and what it says of them all, is of the moment in which somebody looks.

    Attributes:
        tasks: with those that have ended.
        is_live: in the first of these moments, so that each is either here or there on a page.
        executor: None of a task that has none of its own.
    """

    key: TaskKey
    fence: int
    tasks: tuple[Task, ...]
    is_live: bool = True
    executor: Executor | None = None

    @property
    def name(self) -> str:
        if self.executor is not None:
            return self.executor.notes.info.name
        return _name_of_command(self.tasks[0])

    @property
    def source(self) -> str:
        return "" if self.executor is not None else self.key.task_id

    @property
    def pid(self) -> int:
        """0 while it does not run."""
        if self.executor is not None:
            return self.executor.pid
        [task] = self.tasks
        return task.pid if task.is_live else 0

    @property
    def resources(self) -> Resources:
        if self.executor is None:
            return resources_of(self.tasks[0])
        own = self.executor.notes.info.resources
        return total_of([own, *(resources_of(t) for t in self.tasks if t.is_live)])


def holdings(state: AgentState) -> list[Holding]:
    """All of one moment: to look at each takes time, and others may change the state meanwhile."""
    tasks_of: dict[TaskKey, list[Task]] = {}
    for task in state.tasks.values():
        owner = _executor_of(task)
        if owner is not None:
            tasks_of.setdefault(owner, []).append(task)
    of_frameworks = [
        Holding(each.key, each.fence, tuple(tasks_of.get(each.key, ())), executor=each)
        for each in state.executors.values()
    ]
    of_their_own = [
        Holding(task.key, task.fence, (task,), task.is_live)
        for task in state.tasks.values()
        if task.notes.executor_id is None
    ]
    return of_frameworks + of_their_own


def by_framework(state: AgentState, held: list[Holding]) -> dict[FrameworkId, list[Holding]]:
    """Also frameworks of which only reports are left.

    Args:
        held: all of this moment.
    """
    found: dict[FrameworkId, list[Holding]] = {name: [] for name in framework_ids(state)}
    for holding in held:
        found[holding.key.framework_id].append(holding)
    return found


def framework_ids(state: AgentState) -> list[FrameworkId]:
    ids = (key.framework_id for key in (*state.executors, *state.tasks))
    return list(dict.fromkeys(ids))


def resources_of(task: Task) -> Resources:
    return resources_in(task.notes.resources)


@lru_cache(maxsize=1024)
def resources_in(text: str) -> Resources:
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
