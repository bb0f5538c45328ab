"""Tasks for an executor: it is started once, and given each of them once."""

from dataclasses import replace

from agent.checkpoints.records import ExecutorAccepted, ProcessBegun, TaskAccepted
from agent.effects import StartProcess
from agent.executors.effects import Launch
from agent.tasks import Phase
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    INFO,
    NOTES,
    agent_with_executor,
    agent_with_starting_executor,
    executor_started,
    run_by,
    subscribes,
    task_of,
    told,
)
from tests.agent.one_agent import KEY, OTHER, of_type, on_disk, records_in, said, welcomed_agent
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
