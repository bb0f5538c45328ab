"""What an agent holds, as messages of mesos.v1.agent, which are filled in small steps.

What is there is of the moment of the first step; how each is, of the moment of its own.
"""

from collections.abc import Callable, Iterable, Mapping

from agent.container_names import container_id
from agent.container_status import status_of_executor, status_of_task
from agent.edge.containerizer.usage import TaskUsage
from agent.edge.mesos.holdings import NOT_STARTED, Holding, by_framework, holdings, resources_of
from agent.edge.mesos.nested import Nested
from agent.state import AgentState
from agent.tasks import Task, TaskKey
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Steps
from trimast.edge.wire.agent_codec import agent_info_to_proto
from trimast.edge.wire.container_status_codec import container_status_to_proto
from trimast.edge.wire.executor_codec import executor_info_to_proto
from trimast.edge.wire.framework_codec import framework_info_to_proto
from trimast.edge.wire.labels_codec import labels_to_proto
from trimast.edge.wire.resources_codec import resources_to_proto
from trimast.edge.wire.status_codec import status_to_proto, task_state_to_proto
from trimast.model.ids import FrameworkId

_Response = agent_pb2.Response
Usage = Mapping[tuple[TaskKey, int], TaskUsage]


def fill_agent(state: AgentState, message: _Response.GetAgent) -> None:
    message.agent_info.CopyFrom(agent_info_to_proto(state.info))
    if state.agent_id is not None:
        message.agent_info.id.value = state.agent_id


def fill_tasks(state: AgentState, message: _Response.GetTasks) -> Steps:
    yield from _fill_tasks(state, list(state.tasks.values()), message)


def fill_executors(state: AgentState, message: _Response.GetExecutors) -> Steps:
    yield from _fill_executors(holdings(state), message)


def fill_frameworks(state: AgentState, message: _Response.GetFrameworks) -> Steps:
    yield from _fill_frameworks(by_framework(state, holdings(state)), message)


def fill_state(state: AgentState, message: _Response.GetState) -> Steps:
    for part in (message.get_tasks, message.get_executors, message.get_frameworks):
        part.SetInParent()
    tasks, held = list(state.tasks.values()), holdings(state)
    frameworks = by_framework(state, held)
    yield from _fill_tasks(state, tasks, message.get_tasks)
    yield from _fill_executors(held, message.get_executors)
    yield from _fill_frameworks(frameworks, message.get_frameworks)


def _fill_tasks(state: AgentState, tasks: list[Task], message: _Response.GetTasks) -> Steps:
    for task in tasks:
        if not task.is_live:
            place = message.terminated_tasks
        elif task.phase in NOT_STARTED:
            has_executor = task.notes.executor_id is not None
            place = message.queued_tasks if has_executor else message.pending_tasks
        else:
            place = message.launched_tasks
        _fill_task(state, task, place.add())
        yield


def _fill_executors(held: list[Holding], message: _Response.GetExecutors) -> Steps:
    for holding in held:
        place = message.executors if holding.is_live else message.completed_executors
        info = place.add().executor_info
        if holding.executor is not None:
            info.CopyFrom(executor_info_to_proto(holding.executor.notes.info))
        else:
            info.executor_id.value = holding.key.task_id
            info.name, info.source = holding.name, holding.source
            info.resources.extend(resources_to_proto(holding.resources))
        info.framework_id.value = holding.key.framework_id
        yield


def _fill_frameworks(
    frameworks: dict[FrameworkId, list[Holding]], message: _Response.GetFrameworks
) -> Steps:
    """Of one that has no executor here only the id is known, and who runs its tasks."""
    for framework_id, held in frameworks.items():
        info = message.frameworks.add().framework_info
        executor = next((h.executor for h in held if h.executor is not None), None)
        if executor is not None:
            info.CopyFrom(framework_info_to_proto(executor.notes.framework))
        else:
            info.name, info.user = "", _user_of(held)
        info.id.value = framework_id
        yield


def fill_containers(
    state: AgentState,
    usage: Usage,
    message: _Response.GetContainers,
    within: Callable[[str], Iterable[Nested]],
) -> Steps:
    """
    Args:
        within: the nested containers to be shown, by their parent.
    """
    for holding in holdings(state):
        if not holding.pid:
            continue
        _fill_container(state, holding, usage, message.containers.add())
        parent = container_id(holding.key, holding.fence)
        for nested in within(parent):
            container = message.containers.add()
            container.container_id.value = nested.name[1]
            container.container_id.parent.value = parent
            container.container_status.executor_pid = nested.process.pid
        yield


def _fill_container(
    state: AgentState,
    holding: Holding,
    usage: Usage,
    message: _Response.GetContainers.Container,
) -> None:
    message.framework_id.value = holding.key.framework_id
    message.executor_id.value = holding.key.task_id
    message.executor_name = holding.name
    message.container_id.value = container_id(holding.key, holding.fence)
    status = (
        status_of_task(state, holding.tasks[0])
        if holding.executor is None
        else status_of_executor(state, holding.executor)
    )
    container_status_to_proto(status, message.container_status)
    used = usage.get((holding.key, holding.fence))
    if used is not None:
        cpus_milli = holding.resources.scalar_milli("cpus")
        _fill_statistics(used, cpus_milli, message.resource_statistics)


def _fill_statistics(
    used: TaskUsage, cpus_milli: int, message: mesos_pb2.ResourceStatistics
) -> None:
    message.timestamp = used.at_s
    message.processes = used.pids
    message.cpus_limit = cpus_milli / 1000
    message.cpus_user_time_secs = used.cpu_user_s
    message.cpus_system_time_secs = used.cpu_system_s
    message.cpus_throttled_time_secs = used.throttled_s
    message.mem_total_bytes = used.mem_bytes
    message.mem_rss_bytes = used.rss_bytes
    if used.mem_limit_bytes is not None:
        message.mem_limit_bytes = used.mem_limit_bytes


def _fill_task(state: AgentState, task: Task, message: mesos_pb2.Task) -> None:
    message.name = task.notes.name
    message.task_id.value = task.key.task_id
    message.framework_id.value = task.key.framework_id
    if task.notes.executor_id is not None:
        message.executor_id.value = task.notes.executor_id
    message.agent_id.value = state.agent_id or ""
    message.state = task_state_to_proto(task.state)
    message.resources.extend(resources_to_proto(resources_of(task)))
    # Older ones are with the masters.
    message.statuses.extend(map(status_to_proto, task.stream.untaken))
    if task.info is not None:
        if task.info.labels:
            message.labels.CopyFrom(labels_to_proto(task.info.labels))
        user = task.info.command.user or task.user
        if user:
            message.user = user


def _user_of(held: list[Holding]) -> str:
    return next((task.user for holding in held for task in holding.tasks if task.user), "")
