"""What a report of a running task says of where it runs."""

from agent.container_names import container_id
from agent.executors.executor import Executor
from agent.state import AgentState
from agent.tasks import Task
from trimast.model.container_status import ContainerStatus


def status_of_task(state: AgentState, task: Task) -> ContainerStatus:
    address = "" if task.notes.has_own_network else state.address
    return ContainerStatus(container_id(task.key, task.fence), task.pid, address)


def status_of_executor(state: AgentState, executor: Executor) -> ContainerStatus:
    """Its tasks are where it is."""
    name = container_id(executor.key, executor.fence)
    return ContainerStatus(name, executor.pid, state.address)
