"""Where a running task is, as its framework is told."""

from dataclasses import replace

from agent.container_names import container_id
from agent.container_status import status_of_executor, status_of_task
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor
from tests.agent.one_agent import ADDRESS, KEY, agent_with_running_task
from trimast.model.container_status import ContainerStatus


def test_it_is_on_its_machine() -> None:
    state = agent_with_running_task().state
    told = ContainerStatus(container_id(KEY, 7), 42, ADDRESS)
    assert status_of_task(state, state.tasks[KEY]) == told


def test_whom_nobody_reaches_has_no_address() -> None:
    state = agent_with_running_task().state
    task = state.tasks[KEY]
    task.notes = replace(task.notes, has_own_network=True)
    assert status_of_task(state, task) == ContainerStatus(container_id(KEY, 7), 42)


def test_a_task_of_an_executor_is_where_that_is() -> None:
    state = agent_with_executor().state
    executor = state.executors[EXECUTOR]
    told = status_of_executor(state, executor)
    assert told == ContainerStatus(container_id(EXECUTOR, executor.fence), executor.pid, ADDRESS)
