"""Beside whom a nested container may be."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.container_names import container_id
from agent.dispatch import Agent
from agent.edge.mesos.parents import Parents
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.tasks import Phase
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor
from tests.agent.one_agent import KEY, agent_with_running_task
from trimast.edge.mesos_http import Refusal
from trimast.model.command import CommandInfo

TASK = container_id(KEY, 7)


def parents(agent: Agent, *, in_container: bool = False) -> Parents:
    boxes = Sandboxes(Path("/w/slaves"), kept_max=9, age_max_ms=10**9)
    return Parents(agent.state, boxes, lambda key, fence: in_container)


def why_not(found: Parents, name: str) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        found.find(name)
    return refusal.value.status, str(refusal.value)


def test_a_running_task_is_found_by_its_container() -> None:
    parent = parents(agent_with_running_task()).find(TASK)
    assert (parent.key, parent.fence) == (KEY, 7)
    assert str(parent.sandbox).endswith("/frameworks/f/executors/t/runs/7")


def test_an_executor_is_found_and_its_tasks_are_not() -> None:
    agent = agent_with_executor()
    executor = agent.state.executors[EXECUTOR]
    executor.phase = Phase.RUNNING
    parent = parents(agent).find(container_id(EXECUTOR, executor.fence))
    assert parent.key == EXECUTOR
    assert why_not(parents(agent), TASK)[0] == 404


def test_who_does_not_run_or_cannot_be_joined_is_none() -> None:
    agent = agent_with_running_task()
    assert why_not(parents(agent, in_container=True), TASK)[0] == 409
    agent.state.tasks[KEY].is_paused = True
    assert "paused" in why_not(parents(agent), TASK)[1]
    agent.state.tasks[KEY].phase = Phase.ENDED
    assert why_not(parents(agent), TASK) == (404, f"Container '{TASK}' cannot be found")


def test_a_command_is_like_the_task_but_for_what_it_says() -> None:
    found = parents(agent_with_running_task())
    parent = found.find(TASK)
    order = found.order(parent, CommandInfo("true"))
    assert (order.launch, order.environment, order.user) == (parent.launch, None, None)
    assert (order.program, order.arguments) == ("/bin/sh", ["sh", "-c", "true"])
    order = found.order(parent, CommandInfo("true", environment=(("A", "b"),)))
    assert order.environment is not None
    assert (order.environment["A"], order.environment["MESOS_TASK_ID"]) == ("b", "t")
    unknown = replace(CommandInfo("true"), user="nobody-at-all")
    with pytest.raises(Refusal, match="is unknown on this machine"):
        found.order(parent, unknown)
