"""Every task has an executor, in the eyes of tools of Mesos."""

from dataclasses import replace

import pytest

from agent.edge.mesos.holdings import framework_ids, holdings
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor
from tests.agent.one_agent import KEY, agent_with_running_task
from trimast.model.command import CommandInfo


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (CommandInfo("sleep 1"), "sh -c 'sleep 1'"),
        (CommandInfo("sleep 1000000000"), "sh -c 'sleep 100000...'"),
        (CommandInfo("sleep", shell=False, arguments=("sleep", "1")), "sleep"),
    ],
)
def test_a_task_of_its_own_is_one_that_is_called_after_its_command(
    command: CommandInfo, name: str
) -> None:
    state = agent_with_running_task().state
    task = state.tasks[KEY]
    assert task.info is not None
    task.info = replace(task.info, command=command)
    [holding] = holdings(state)
    assert holding.name == f"Command Executor (Task: t) (Command: {name})"
    assert (holding.key, holding.fence, holding.pid, holding.is_live) == (KEY, 7, 42, True)


def test_of_an_earlier_life_the_command_is_not_known() -> None:
    state = agent_with_running_task().state
    state.tasks[KEY].info = None
    [holding] = holdings(state)
    assert holding.name == "Command Executor (Task: t)"
    assert str(holding.resources) == "cpus:0.1"


def test_an_executor_of_a_framework_has_its_tasks_and_what_they_need() -> None:
    state = agent_with_executor().state
    [holding] = holdings(state)
    executor = state.executors[EXECUTOR]
    assert (holding.executor, holding.key) == (executor, EXECUTOR)
    assert [task.key for task in holding.tasks] == [KEY]
    assert holding.resources.covers(executor.notes.info.resources)
    assert framework_ids(state) == [KEY.framework_id]
