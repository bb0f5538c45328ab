"""Messages of what an agent holds are filled step by step, whatever happens in between."""

from agent.container_names import container_id
from agent.edge.mesos.pictures import (
    fill_containers,
    fill_executors,
    fill_frameworks,
    fill_state,
    fill_tasks,
)
from agent.state import AgentState
from agent.tasks import Phase, TaskKey
from protos.mesos.v1.agent import agent_pb2
from tests.agent.executors.one_executor import EXECUTOR, WHO, agent_with_executor, run_by
from tests.agent.one_agent import FRAMEWORK, KEY, agent_with_running_task, on_disk, run_order, said
from trimast.edge.mesos_http import Steps
from trimast.model.ids import FrameworkId, TaskId

Response = agent_pb2.Response
QUEUED = TaskKey(FRAMEWORK, TaskId("queued"))
PENDING = TaskKey(FrameworkId("other"), TaskId("pending"))


def filled(steps: Steps) -> int:
    """How many steps it took."""
    return sum(1 for _ in steps)


def state_of_many() -> AgentState:
    """Of a task that an executor runs, one that is yet to be given to it, and one of its own."""
    agent = agent_with_executor()
    said(agent, run_by(QUEUED))
    said(agent, run_order(PENDING))
    return agent.state


def test_a_task_is_where_its_phase_puts_it() -> None:
    state, tasks = state_of_many(), Response.GetTasks()
    assert filled(fill_tasks(state, tasks)) == 3
    assert [task.task_id.value for task in tasks.launched_tasks] == [KEY.task_id]
    assert [task.task_id.value for task in tasks.queued_tasks] == [QUEUED.task_id]
    assert [task.task_id.value for task in tasks.pending_tasks] == [PENDING.task_id]
    [pending] = tasks.pending_tasks
    assert (pending.HasField("executor_id"), pending.user) == (False, "user")
    state.tasks[KEY].phase = Phase.ENDED
    tasks.Clear()
    filled(fill_tasks(state, tasks))
    assert [task.task_id.value for task in tasks.terminated_tasks] == [KEY.task_id]


def test_a_framework_is_known_by_its_executor_and_else_by_its_id_alone() -> None:
    frameworks = Response.GetFrameworks()
    filled(fill_frameworks(state_of_many(), frameworks))
    known, unknown = (each.framework_info for each in frameworks.frameworks)
    assert (known.id.value, known.name, known.checkpoint) == (FRAMEWORK, WHO.name, True)
    assert (unknown.id.value, unknown.name, unknown.user) == (PENDING.framework_id, "", "user")


def test_an_executor_that_is_invented_ends_with_its_task() -> None:
    state, executors = agent_with_running_task().state, Response.GetExecutors()
    state.tasks[KEY].phase = Phase.ENDED
    filled(fill_executors(state, executors))
    assert not executors.executors
    [ended] = executors.completed_executors
    assert ended.executor_info.executor_id.value == KEY.task_id


def test_what_has_no_process_has_no_container() -> None:
    state, containers = state_of_many(), Response.GetContainers()
    filled(fill_containers(state, {}, containers, lambda parent: ()))
    [container] = containers.containers
    assert container.container_id.value == container_id(EXECUTOR, state.executors[EXECUTOR].fence)
    assert not container.HasField("resource_statistics")


def test_what_goes_between_two_steps_is_shown_all_the_same() -> None:
    def whole(*, goes: bool) -> Response.GetState:
        state, message = state_of_many(), Response.GetState()
        steps = fill_state(state, message)
        next(steps)
        if goes:
            state.tasks.clear()
            state.executors.clear()
        filled(steps)
        return message

    assert whole(goes=True) == whole(goes=False)


def test_the_parts_are_those_of_the_whole() -> None:
    state, whole = state_of_many(), Response.GetState()
    tasks, executors, frameworks = whole.get_tasks, whole.get_executors, whole.get_frameworks
    steps = filled(fill_state(state, whole))
    parts = Response.GetState()
    assert steps == sum(
        (
            filled(fill_tasks(state, parts.get_tasks)),
            filled(fill_executors(state, parts.get_executors)),
            filled(fill_frameworks(state, parts.get_frameworks)),
        )
    )
    assert (tasks, executors) == (parts.get_tasks, parts.get_executors)
    assert frameworks == parts.get_frameworks


def test_a_container_whose_task_ends_between_two_steps_is_left_out() -> None:
    agent = agent_with_running_task()
    said(agent, run_order(PENDING))
    on_disk(agent)
    state, containers = agent.state, Response.GetContainers()
    state.tasks[PENDING].pid = 43
    steps = fill_containers(state, {}, containers, lambda parent: ())
    next(steps)
    state.tasks[PENDING].phase = Phase.ENDED
    state.tasks.clear()
    assert filled(steps) == 0
    assert [each.executor_id.value for each in containers.containers] == [KEY.task_id]
