"""A task is written down, then started; once, ever."""

from dataclasses import replace

import pytest

from agent.checkpoints.records import ProcessBegun, ReportMade
from agent.effects import (
    NoteEnded,
    RefusalOfOrder,
    RefuseOrder,
    ReleaseSandbox,
    SendReports,
    StartProcess,
    WriteRecords,
)
from agent.events import ProcessExited, RunTasks, StartFailed, StopAsked, TakeReports
from tests.agent.one_agent import (
    AGENT,
    EPOCH,
    FINISHED,
    KEY,
    LINK,
    OTHER,
    RUNNING,
    STARTING,
    accepted,
    agent_with_running_task,
    of_type,
    on_disk,
    report,
    run_order,
    said,
    started,
    task_info,
    uuid,
    welcomed_agent,
)
from trimast.model.ids import AgentId
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState


def test_an_order_is_only_written_down() -> None:
    agent = welcomed_agent()
    assert said(agent, run_order()) == [WriteRecords(3, (accepted(), ReportMade(STARTING)))]


def test_once_it_is_on_disk_the_task_is_started_and_reported() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    assert on_disk(agent) == [
        StartProcess(AGENT, KEY, 7, task_info(), "user"),
        SendReports(LINK, (STARTING,)),
    ]


def test_tasks_of_one_order_are_written_together_and_reported_together() -> None:
    agent = welcomed_agent()
    both = RunTasks(run_order().tasks + run_order(OTHER, 8).tasks)
    [write] = said(agent, both)
    assert isinstance(write, WriteRecords)
    second = report(2, TaskState.STARTING, key=OTHER, fence=8, sequence=1)
    assert on_disk(agent)[-1] == SendReports(LINK, (STARTING, second))


def test_a_process_that_is_there_is_written_down_then_reported() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    on_disk(agent)
    assert agent.handle(started(), 0) == [
        WriteRecords(4, (ProcessBegun(KEY, 7, 42, 99, "boot-1"), ReportMade(RUNNING)))
    ]
    assert on_disk(agent) == [SendReports(LINK, (RUNNING,))]


def test_a_process_that_cannot_be_started_has_failed() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    on_disk(agent)
    failed = report(
        2,
        TaskState.FAILED,
        source=StatusSource.AGENT,
        reason=StatusReason.CONTAINER_LAUNCH_FAILED,
        message="no such user",
    )
    assert agent.handle(StartFailed(KEY, 7, "no such user"), 0) == [
        NoteEnded(KEY, 7, TaskState.FAILED, "no such user", StatusReason.CONTAINER_LAUNCH_FAILED),
        WriteRecords(4, (ReportMade(failed),)),
    ]


@pytest.mark.parametrize("disk_is_done", [False, True])
def test_the_same_order_again_starts_nothing(disk_is_done: bool) -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    if disk_is_done:
        on_disk(agent)
    refusal = RefuseOrder(RefusalOfOrder.ALREADY_HELD, EPOCH, KEY, 7)
    assert said(agent, run_order()) == [refusal]
    assert len(of_type(on_disk(agent), StartProcess)) == (0 if disk_is_done else 1)


@pytest.mark.parametrize("fence", [6, 8])
def test_another_launch_of_a_live_task_is_refused(fence: int) -> None:
    agent = agent_with_running_task()
    refusal = RefuseOrder(RefusalOfOrder.FENCE_DIFFERS, EPOCH, KEY, fence)
    assert said(agent, run_order(fence=fence)) == [refusal]


@pytest.mark.parametrize("fence", [6, 7])
def test_a_settled_task_is_never_started_again(fence: int) -> None:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    on_disk(agent)
    said(agent, TakeReports((uuid(1), uuid(2), uuid(3))))
    refusal = RefuseOrder(RefusalOfOrder.ALREADY_ENDED, EPOCH, KEY, fence)
    assert said(agent, run_order(fence=fence)) == [refusal]


def test_a_later_launch_under_the_same_id_replaces_an_ended_task() -> None:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    on_disk(agent)
    effects = said(agent, run_order(fence=8))
    again = report(4, TaskState.STARTING, fence=8, sequence=1)
    assert effects == [
        ReleaseSandbox(KEY, 7),
        WriteRecords(6, (accepted(fence=8), ReportMade(again))),
    ]
    assert on_disk(agent) == [
        StartProcess(AGENT, KEY, 8, task_info(), "user"),
        SendReports(LINK, (again,)),
    ]
    assert said(agent, TakeReports((FINISHED.uuid,))) == []


def test_an_earlier_launch_of_an_ended_task_is_refused() -> None:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    refusal = RefuseOrder(RefusalOfOrder.FENCE_DIFFERS, EPOCH, KEY, 6)
    assert said(agent, run_order(fence=6)) == [refusal]


def test_a_task_meant_for_another_agent_is_refused() -> None:
    agent = welcomed_agent()
    [run] = run_order().tasks
    strange = replace(run, task=replace(run.task, agent_id=AgentId("agent-2")))
    refusal = RefuseOrder(RefusalOfOrder.ANOTHER_AGENTS, EPOCH, KEY, 7)
    assert said(agent, RunTasks((strange,))) == [refusal]


def test_a_stopping_agent_starts_nothing() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(), 0)
    refusal = RefuseOrder(RefusalOfOrder.STOPPING, EPOCH, OTHER, 7)
    assert said(agent, run_order(OTHER)) == [refusal]
