"""Tasks for an executor: it is started once, and given each of them once."""

from dataclasses import replace

import pytest

from agent.checkpoints.records import ExecutorAccepted, ProcessBegun, TaskAccepted
from agent.dispatch import Agent
from agent.effects import StartProcess
from agent.events import KillTask, KillTasks, RunTasks, TakeReports
from agent.executors.effects import ExecutorNews, Launch, LaunchGroup
from agent.tasks import Phase, TaskKey
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    INFO,
    NOTES,
    agent_with_executor,
    agent_with_starting_executor,
    executor_started,
    reports,
    run_by,
    subscribes,
    task_of,
    told,
)
from tests.agent.one_agent import KEY, OTHER, of_type, on_disk, records_in, said, welcomed_agent
from trimast.model.ids import TaskId
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def test_an_executor_is_written_down_then_started() -> None:
    agent = welcomed_agent()
    accepted, executor = records_in(said(agent, run_by()))
    assert isinstance(accepted, TaskAccepted)
    assert executor == ExecutorAccepted(EXECUTOR, FENCE, NOTES)
    [order] = of_type(on_disk(agent), StartProcess)
    assert isinstance(order, StartProcess)
    assert (order.key, order.fence, order.user) == (EXECUTOR, FENCE, "user")
    assert order.task.command.value == "serve"


def test_a_task_waits_for_its_executor() -> None:
    agent = agent_with_starting_executor()
    assert agent.state.tasks[KEY].phase is Phase.STARTING
    assert Launch(task_of()) in told(subscribes(agent))
    assert agent.state.tasks[KEY].phase is Phase.RUNNING


def test_another_task_is_given_to_the_same_executor() -> None:
    agent = agent_with_executor()
    said(agent, run_by(OTHER, fence=8))
    effects = on_disk(agent)
    assert told(effects) == [Launch(task_of(OTHER))]
    assert of_type(effects, StartProcess) == []


def test_the_process_is_written_down() -> None:
    agent = welcomed_agent()
    said(agent, run_by())
    on_disk(agent)
    [begun] = records_in(agent.handle(executor_started(), 0))
    assert begun == ProcessBegun(EXECUTOR, FENCE, 42, 99, "boot-1")


def test_an_executor_that_differs_from_the_one_that_is_there_gets_no_task() -> None:
    agent = agent_with_executor()
    other = replace(INFO, name="other")
    said(agent, run_by(OTHER, fence=8, info=other))
    last = agent.state.tasks[OTHER].stream.untaken[-1]
    assert (last.state, last.reason) == (TaskState.DROPPED, StatusReason.EXECUTOR_TERMINATED)


def in_group(key: TaskKey, size: int = 2, fence: int = 8) -> RunTasks:
    [run] = run_by(key, fence=fence).tasks
    return RunTasks((replace(run, group_size=size),))


SECOND = TaskKey(KEY.framework_id, TaskId("second"))


def test_a_group_is_handed_over_when_all_of_it_are_there() -> None:
    agent = agent_with_executor()
    said(agent, in_group(OTHER))
    assert told(on_disk(agent)) == []
    said(agent, in_group(SECOND))
    assert told(on_disk(agent)) == [LaunchGroup((task_of(OTHER), task_of(SECOND)))]
    assert subscribes_again(agent) == [], "once"


def test_a_group_of_one_is_a_group_and_waits_for_its_executor() -> None:
    agent = agent_with_starting_executor()
    said(agent, in_group(OTHER, size=1))
    assert told(on_disk(agent)) == []
    subscribed = told(subscribes(agent))
    assert subscribed[1:] == [Launch(task_of(KEY)), LaunchGroup((task_of(OTHER),))]


def test_whoever_is_killed_before_takes_the_others_along() -> None:
    agent = agent_with_starting_executor()
    both = RunTasks(in_group(OTHER).tasks + in_group(SECOND).tasks)
    said(agent, both)
    on_disk(agent)
    said(agent, KillTasks((KillTask(OTHER, None),)))
    ends = [agent.state.tasks[key].stream.untaken[-1] for key in (OTHER, SECOND)]
    assert [end.state for end in ends] == [TaskState.KILLED, TaskState.KILLED]
    assert told(subscribes(agent))[1:] == [Launch(task_of(KEY))]


def test_once_they_are_handed_over_each_is_on_its_own() -> None:
    agent = agent_with_executor()
    said(agent, RunTasks(in_group(OTHER).tasks + in_group(SECOND).tasks))
    on_disk(agent)
    reports(agent, 60, TaskState.FAILED, OTHER)
    assert agent.state.tasks[SECOND].is_live
    assert agent.state.tasks[SECOND].kill is None


@pytest.mark.parametrize("is_settled", [False, True])
def test_who_comes_when_the_others_have_ended_is_turned_away(is_settled: bool) -> None:
    agent = agent_with_starting_executor()
    said(agent, in_group(OTHER))
    on_disk(agent)
    said(agent, KillTasks((KillTask(OTHER, None),)))
    on_disk(agent)
    if is_settled:
        said(agent, TakeReports((agent.state.tasks[OTHER].stream.untaken[-1].uuid,)))
    said(agent, in_group(SECOND))
    end = agent.state.tasks[SECOND].stream.untaken[-1]
    assert (end.state, "has ended" in end.message) == (TaskState.DROPPED, True)


def subscribes_again(agent: Agent) -> list[ExecutorNews]:
    return told(subscribes(agent, stream_id=2))[1:]
