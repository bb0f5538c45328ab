"""An executor may use as much as it and its tasks ask for, and is told when that changes."""

from dataclasses import replace

import pytest

from agent.checkpoints.compacting import records_of
from agent.dispatch import Agent
from agent.effects import BoundProcess, StartProcess
from agent.events import MemoryExceeded, ProcessExited, RunTask, RunTasks
from agent.executors.effects import Launch, TellExecutor
from agent.recovering import recover
from agent.tasks import TaskKey
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    WHO,
    agent_with_executor,
    executor_started,
    reports,
    run_by,
    task_of,
)
from tests.agent.one_agent import (
    INFO,
    KEY,
    OTHER,
    RULES,
    CountedStamps,
    of_type,
    on_disk,
    said,
    welcomed_agent,
)
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason
from trimast.model.task import Limits
from trimast.model.task_lifecycle import TaskState


def cpus(milli: int) -> Resources:
    return Resources.of({"cpus": milli})


def run_limited(limits: Limits, key: TaskKey = OTHER) -> RunTasks:
    task = replace(task_of(key), limits=limits)
    return RunTasks((RunTask(key, task, 8, "user", framework=WHO),))


def test_it_is_started_with_what_it_and_its_first_tasks_may_use() -> None:
    agent = welcomed_agent()
    said(agent, RunTasks((*run_by().tasks, *run_by(OTHER, fence=8).tasks)))
    [order] = of_type(on_disk(agent), StartProcess)
    assert isinstance(order, StartProcess)
    assert (order.task.resources, order.task.limits) == (cpus(250), ())
    assert of_type(agent.handle(executor_started(), 0), BoundProcess) == []


def test_it_may_use_more_before_it_hears_of_another_task_and_less_once_one_has_ended() -> None:
    agent = agent_with_executor()
    first = said(agent, run_by(OTHER, fence=8))
    assert of_type(first, BoundProcess) == [BoundProcess(EXECUTOR, FENCE, cpus(250), ())]
    assert of_type(first, TellExecutor) == []
    then = on_disk(agent)
    assert (of_type(then, BoundProcess), len(of_type(then, TellExecutor))) == ([], 1)
    assert isinstance(of_type(then, TellExecutor)[0].news, Launch)  # type: ignore[union-attr]
    ended = reports(agent, 9, TaskState.FINISHED)
    assert of_type(ended, BoundProcess) == [BoundProcess(EXECUTOR, FENCE, cpus(150), ())]


@pytest.mark.parametrize(
    ("named", "together"),
    [
        ((("cpus", 500),), (("cpus", 650),)),
        ((("cpus", None), ("mem", 64_000)), (("cpus", None), ("mem", 64_000))),
    ],
)
def test_limits_are_summed_up_and_none_is_none(named: Limits, together: Limits) -> None:
    agent = agent_with_executor()
    effects = said(agent, run_limited(named))
    bound = BoundProcess(EXECUTOR, FENCE, cpus(250), together)
    assert of_type(effects, BoundProcess) == [bound]


def test_it_is_bounded_again_once_it_is_found_by_the_next_life_of_its_agent() -> None:
    agent = agent_with_executor()
    said(agent, run_limited((("cpus", 500),)))
    on_disk(agent)
    state, _ = recover(records_of(agent.state), RULES, INFO)
    next_life = Agent(state, CountedStamps())
    bound = BoundProcess(EXECUTOR, FENCE, cpus(250), (("cpus", 650),))
    assert of_type(next_life.handle(executor_started(), 0), BoundProcess) == [bound]


def test_what_it_ran_fails_for_memory_if_that_was_its_end() -> None:
    agent = agent_with_executor()
    memory = MemoryExceeded(32 << 20, 1 << 20, 32 << 20)
    agent.handle(ProcessExited(EXECUTOR, FENCE, None, 9, memory), 0)
    last = agent.state.tasks[KEY].stream.untaken[-1]
    assert (last.state, last.reason) == (
        TaskState.FAILED,
        StatusReason.CONTAINER_LIMITATION_MEMORY,
    )
    assert last.message.startswith("Executor terminated: Memory limit exceeded: Requested: 32.0MB")
