"""Whom a nested container stands beside: a running task, or an executor, by its container's id."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.container_names import container_id
from agent.edge.containerizer.beside import BesideOrder
from agent.edge.containerizer.command_line import (
    CannotStart,
    environment,
    program_and_arguments,
    user_of,
)
from agent.edge.containerizer.preparing import launch_name
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.state import AgentState
from agent.tasks import Phase, TaskKey
from trimast.edge.mesos_http import Refusal
from trimast.model.command import CommandInfo
from trimast.model.resources import NOTHING
from trimast.model.task import TaskInfo


@dataclass(frozen=True, slots=True)
class Parent:
    key: TaskKey
    fence: int
    sandbox: Path

    @property
    def launch(self) -> str:
        return launch_name((self.key, self.fence))


class Parents:
    """
    Args:
        in_container: of a task and its fence. What stands beside its process stands outside.
    """

    def __init__(
        self,
        state: AgentState,
        sandboxes: Sandboxes,
        in_container: Callable[[TaskKey, int], bool],
    ) -> None:
        self._state = state
        self._sandboxes = sandboxes
        self._in_container = in_container

    def find(self, name: str) -> Parent:
        """Raises Refusal."""
        for task in self._state.tasks.values():
            runs = task.phase is Phase.RUNNING and task.notes.executor_id is None
            if runs and container_id(task.key, task.fence) == name:
                if self._in_container(task.key, task.fence):
                    raise Refusal(409, "The task runs in a container of podman: use podman exec")
                if task.is_paused:
                    raise Refusal(409, "The task is paused, and so would be what runs beside it")
                return self._parent(task.key, task.fence)
        for executor in self._state.executors.values():
            runs = executor.phase is Phase.RUNNING
            if runs and container_id(executor.key, executor.fence) == name:
                return self._parent(executor.key, executor.fence)
        raise Refusal(404, f"Container '{name}' cannot be found")

    def order(self, parent: Parent, command: CommandInfo) -> BesideOrder:
        """Like its parent, but for what the command says of itself. Raises Refusal."""
        agent_id = self._state.agent_id
        assert agent_id is not None
        key = parent.key
        task = TaskInfo(key.task_id, key.task_id, agent_id, NOTHING, command)
        as_task = StartProcess(agent_id, key, parent.fence, task, "")
        try:
            user = user_of(as_task)
        except CannotStart as error:
            raise Refusal(400, str(error)) from None
        program, arguments = program_and_arguments(command)
        variables = environment(as_task, parent.sandbox, user) if command.environment else None
        return BesideOrder(
            parent.launch,
            program,
            arguments,
            parent.sandbox,
            variables,
            None if user is None else (user.uid, user.gid, user.groups),
            has_pipes=True,
        )

    def _parent(self, key: TaskKey, fence: int) -> Parent:
        agent_id = self._state.agent_id
        assert agent_id is not None
        return Parent(key, fence, self._sandboxes.path(agent_id, key, fence))
