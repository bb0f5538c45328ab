"""Tasks of a group end together, unless they end well."""

from dataclasses import replace

from agent.checkpoints.compacting import records_of
from agent.dispatch import Agent
from agent.effects import ReleaseSandbox, StartProcess, TerminateProcess
from agent.events import (
    DeadlinePassed,
    KillTask,
    KillTasks,
    ProcessExited,
    ProcessStarted,
    RunTask,
    RunTasks,
    TakeReports,
)
from agent.executors.executor import executor_key
from agent.recovering import recover
from tests.agent.one_agent import (
    FRAMEWORK,
    INFO,
    KEY,
    OTHER,
    RULES,
    CountedStamps,
    of_type,
    on_disk,
    said,
    started,
    task_info,
    welcomed_agent,
)
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId
from trimast.model.task_lifecycle import TaskState

FENCE = 7
NAME = ExecutorId("g")
SHARED = executor_key(FRAMEWORK, NAME)
GROUP = ExecutorInfo(NAME, ExecutorKind.DEFAULT)
BOTH = RunTasks(
    tuple(RunTask(k, replace(task_info(k), executor=GROUP), FENCE, "") for k in (KEY, OTHER))
)


def agent_with_group() -> Agent:
    agent = welcomed_agent()
    said(agent, BOTH)
    on_disk(agent)
    for key in (KEY, OTHER):
        agent.handle(started(key), 0)
    on_disk(agent)
    return agent


def test_each_is_a_process_of_its_own_that_shares_a_directory() -> None:
    agent = welcomed_agent()
    said(agent, BOTH)
    orders = of_type(on_disk(agent), StartProcess)
    assert [(o.key, o.group) for o in orders if isinstance(o, StartProcess)] == [
        (KEY, NAME),
        (OTHER, NAME),
    ]
    assert agent.state.executors == {}
    assert agent.state.tasks[KEY].stream.untaken[0].executor_id == NAME


def test_when_one_fails_the_others_are_killed() -> None:
    agent = agent_with_group()
    effects = agent.handle(ProcessExited(KEY, FENCE, 1, None), 0)
    assert of_type(effects, TerminateProcess) == [TerminateProcess(OTHER, FENCE, by_order=True)]
    agent.handle(ProcessExited(OTHER, FENCE, None, 15), 0)
    assert agent.state.tasks[OTHER].state is TaskState.KILLED


def test_when_one_finishes_the_others_run_on() -> None:
    agent = agent_with_group()
    effects = agent.handle(ProcessExited(KEY, FENCE, 0, None), 0)
    assert of_type(effects, TerminateProcess) == []
    assert of_type(agent.handle(DeadlinePassed(), 100_000), TerminateProcess) == []


def test_one_that_is_killed_before_it_was_started_takes_the_others_with_it() -> None:
    agent = welcomed_agent()
    said(agent, BOTH)
    said(agent, KillTasks((KillTask(KEY, None),)))
    assert [task.state for task in agent.state.tasks.values()] == [TaskState.KILLED] * 2
    assert of_type(on_disk(agent), StartProcess) == []


def test_what_is_left_of_a_group_when_the_agent_died_is_ended() -> None:
    agent = agent_with_group()
    agent.handle(ProcessExited(KEY, FENCE, 1, None), 0)
    state, _ = recover(records_of(agent.state), RULES, INFO)
    again = Agent(state, CountedStamps(made=100))
    effects = again.handle(ProcessStarted(OTHER, FENCE, 42, 99), 0)
    assert TerminateProcess(OTHER, FENCE, by_order=True) in effects


def test_the_shared_directory_is_released_with_the_last_task() -> None:
    agent = agent_with_group()
    for key in (KEY, OTHER):
        agent.handle(ProcessExited(key, FENCE, 0, None), 0)
    on_disk(agent)
    first, second = (agent.state.tasks[key].stream.untaken[-1].uuid for key in (KEY, OTHER))
    assert said(agent, TakeReports((first,)))[0] == ReleaseSandbox(KEY, FENCE)
    taken = said(agent, TakeReports((second,)))
    assert of_type(taken, ReleaseSandbox) == [
        ReleaseSandbox(OTHER, FENCE),
        ReleaseSandbox(SHARED, FENCE),
    ]
