"""An agent that is asked to stop leaves its tasks, or ends them, then writes and sends how."""

from dataclasses import replace

import pytest

from agent.alarms import Alarm, AlarmKind
from agent.effects import EndAgent, KillProcess, SendReports, TerminateProcess
from agent.events import (
    DeadlinePassed,
    LinkClosed,
    ProcessExited,
    RunTasks,
    StopAsked,
    TakeReports,
    TurnedAway,
)
from tests.agent.one_agent import (
    KEY,
    LINK,
    OTHER,
    agent_with_running_task,
    of_type,
    on_disk,
    run_order,
    said,
    started,
    uuid,
    welcomed_agent,
)

END = EndAgent(0, "asked to stop, tasks and all")


def test_without_tasks_it_ends_at_once() -> None:
    assert welcomed_agent().handle(StopAsked(end_tasks=True), 0) == [END]


def test_tasks_are_asked_to_end_then_forced() -> None:
    agent = agent_with_running_task(kill_grace_ms=600_000)
    assert agent.handle(StopAsked(end_tasks=True), 0) == [TerminateProcess(KEY, 7, by_order=False)]
    assert agent.handle(DeadlinePassed(), 3_000) == [KillProcess(KEY, 7)]


def test_it_waits_for_the_disk_then_for_a_master() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(end_tasks=True), 0)
    assert of_type(agent.handle(ProcessExited(KEY, 7, None, 15), 100), EndAgent) == []
    assert of_type(agent.handle(DeadlinePassed(), 2_100), EndAgent) == []
    [sent] = on_disk(agent, 2_099)
    assert isinstance(sent, SendReports)
    # The report that was just taken is being written as taken; that is waited for, too.
    assert of_type(said(agent, TakeReports((uuid(3),)), now_ms=2_099), EndAgent) == []
    assert on_disk(agent, 2_099) == [END]


def test_it_does_not_wait_for_ever_for_a_master() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(end_tasks=True), 0)
    agent.handle(LinkClosed(LINK, "gone"), 0)
    agent.handle(ProcessExited(KEY, 7, None, 15), 100)
    assert on_disk(agent, 100) == []
    assert agent.next_deadline_ms() == 2_100
    assert agent.handle(DeadlinePassed(), 2_100) == [END]


def test_a_process_that_hangs_in_the_kernel_does_not_keep_it() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(end_tasks=True), 0)
    agent.handle(DeadlinePassed(), 3_000)
    assert of_type(agent.handle(DeadlinePassed(), 9_999), EndAgent) == []
    assert of_type(agent.handle(DeadlinePassed(), 10_000), EndAgent) == [END]


def test_a_task_that_was_not_started_yet_never_is() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    agent.handle(StopAsked(end_tasks=True), 0)
    [sent] = on_disk(agent)
    assert isinstance(sent, SendReports)


@pytest.mark.parametrize("again_ms", [0, 50, 5_000])
def test_asked_twice_it_ends_once(again_ms: int) -> None:
    agent = welcomed_agent()
    agent.handle(StopAsked(end_tasks=True), 0)
    assert agent.handle(StopAsked(end_tasks=True), again_ms) == []
    assert not agent.state.alarms.is_set(Alarm(AlarmKind.STOP))


def test_its_alarm_is_never_in_the_past() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(end_tasks=True), 0)
    agent.handle(ProcessExited(KEY, 7, None, 15), 100)
    for now_ms in (100, 2_100, 5_000):
        agent.handle(DeadlinePassed(), now_ms)
        deadline_ms = agent.next_deadline_ms()
        assert deadline_ms is not None
        assert deadline_ms > now_ms


def test_tasks_run_on_unless_they_are_to_end() -> None:
    assert agent_with_running_task().handle(StopAsked(), 0) == [EndAgent(0, "asked to stop")]


def test_a_task_that_is_about_to_run_is_waited_for() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    assert agent.handle(StopAsked(), 0) == []
    on_disk(agent)
    agent.handle(started(), 0)
    assert of_type(on_disk(agent), EndAgent) == [EndAgent(0, "asked to stop")]


def test_a_master_that_does_not_want_the_agent_does_not_end_its_tasks() -> None:
    agent = agent_with_running_task()
    effects = said(agent, TurnedAway("its tasks hold more than it has", for_ever=True))
    assert of_type(effects, TerminateProcess, KillProcess) == []
    assert of_type(effects, EndAgent) != []


def test_a_task_of_a_framework_that_does_not_checkpoint_ends_with_the_agent() -> None:
    agent = welcomed_agent()
    [run] = run_order().tasks
    said(agent, RunTasks((replace(run, ends_with_agent=True), *run_order(OTHER, 8).tasks)))
    on_disk(agent)
    agent.handle(started(), 0)
    agent.handle(started(OTHER, 8), 0)
    on_disk(agent)
    assert agent.handle(StopAsked(), 0) == [TerminateProcess(KEY, 7, by_order=False)]
    agent.handle(ProcessExited(KEY, 7, None, 15), 0)
    assert of_type(on_disk(agent), EndAgent) == [EndAgent(0, "asked to stop")]
