"""What a task finds in its environment, beside what every process does: as tasks of Mesos."""

from agent.state import AgentState
from trimast.model.container import Network
from trimast.model.task import TaskInfo, network_of

Environment = tuple[tuple[str, str], ...]


def task_environment(state: AgentState, info: TaskInfo, role: str) -> Environment:
    """What the task names itself comes last, and wins.

    Args:
        info: of a task that is a process of its own.
        role: that its resources were offered to; "" if that is not known.
    """
    told: list[tuple[str, str]] = []
    if role:
        told.append(("MESOS_ALLOCATION_ROLE", role))
    # In a network of its own nobody reaches it; and Mesos tells only tasks of groups.
    is_of_group = info.executor is not None
    if is_of_group and network_of(info) is Network.HOST and state.address:
        told.append(("MESOS_CONTAINER_IP", state.address))
    return (*told, *info.command.environment)
