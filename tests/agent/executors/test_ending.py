"""Executors end, and their tasks with them."""

import pytest

from agent.checkpoints.records import ExecutorEnded
from agent.dispatch import Agent
from agent.effects import KillProcess, ReleaseSandbox, TerminateProcess
from agent.events import (
    DeadlinePassed,
    KillTask,
    KillTasks,
    ProcessExited,
    ProcessMissing,
    ProcessVanished,
    ShutExecutorDown,
    StartFailed,
    StopAsked,
    Vanishing,
)
from agent.executors.effects import Shutdown, TellExecutorEnded
from agent.executors.ending import EndOfProcess
from agent.executors.events import ExecutorUnsubscribed
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    agent_with_executor,
    agent_with_starting_executor,
    reports,
    run_by,
    told,
)
from tests.agent.one_agent import (
    KEY,
    LINK,
    OTHER,
    RULES,
    of_type,
    on_disk,
    records_in,
    said,
    welcomed_agent,
)
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

EXIT = ProcessExited(EXECUTOR, FENCE, 3, None)


def last_of(agent: Agent) -> tuple[TaskState, StatusReason | None]:
    last = agent.state.tasks[KEY].stream.untaken[-1]
    assert last.source is StatusSource.AGENT
    return last.state, last.reason


@pytest.mark.parametrize(
    ("end", "state", "reason"),
    [
        (EXIT, TaskState.FAILED, StatusReason.EXECUTOR_TERMINATED),
        (
            ProcessVanished(EXECUTOR, FENCE, Vanishing.LAUNCHER_DIED),
            TaskState.FAILED,
            StatusReason.EXECUTOR_TERMINATED,
        ),
        (
            ProcessVanished(EXECUTOR, FENCE, Vanishing.MACHINE_RESTARTED),
            TaskState.LOST,
            StatusReason.AGENT_RESTARTED,
        ),
        (
            ProcessMissing(EXECUTOR, FENCE),
            TaskState.DROPPED,
            StatusReason.AGENT_RESTARTED,
        ),
        (
            StartFailed(EXECUTOR, FENCE, "no"),
            TaskState.FAILED,
            StatusReason.CONTAINER_LAUNCH_FAILED,
        ),
    ],
)
def test_its_end_is_that_of_its_tasks(
    end: EndOfProcess, state: TaskState, reason: StatusReason
) -> None:
    agent = agent_with_executor()
    agent.handle(end, 0)
    assert last_of(agent) == (state, reason)
    assert agent.state.executors == {}


def test_the_framework_is_told_and_the_sandbox_released_once_that_is_on_disk() -> None:
    agent = agent_with_executor()
    effects = agent.handle(EXIT, 0)
    assert ExecutorEnded(EXECUTOR, FENCE) in records_in(effects)
    assert TellExecutorEnded(LINK, EXECUTOR, 3 << 8) in effects
    assert ReleaseSandbox(EXECUTOR, FENCE) not in effects
    assert ReleaseSandbox(EXECUTOR, FENCE) in on_disk(agent)


def test_a_task_that_was_to_be_killed_is() -> None:
    agent = agent_with_executor()
    said(agent, KillTasks((KillTask(KEY, None),)))
    agent.handle(EXIT, 0)
    assert last_of(agent) == (TaskState.KILLED, StatusReason.EXECUTOR_TERMINATED)


def test_one_that_does_not_subscribe_in_time_is_killed() -> None:
    agent = agent_with_starting_executor()
    late_ms = RULES.executor_registration_ms
    assert KillProcess(EXECUTOR, FENCE) in agent.handle(DeadlinePassed(), late_ms)
    agent.handle(ProcessExited(EXECUTOR, FENCE, None, 9), late_ms)
    assert last_of(agent) == (TaskState.FAILED, StatusReason.EXECUTOR_REGISTRATION_TIMEOUT)


def test_a_framework_may_end_it_and_it_has_its_time() -> None:
    agent = agent_with_executor()
    assert told(said(agent, ShutExecutorDown(EXECUTOR))) == [Shutdown()]
    grace_ms = RULES.executor_shutdown_grace_ms
    assert agent.handle(DeadlinePassed(), grace_ms) == [KillProcess(EXECUTOR, FENCE)]


def test_one_that_is_not_there_is_asked_by_a_signal() -> None:
    agent = agent_with_executor()
    agent.handle(ExecutorUnsubscribed(EXECUTOR, 1), 0)
    effects = said(agent, ShutExecutorDown(EXECUTOR))
    assert of_type(effects, TerminateProcess) == [TerminateProcess(EXECUTOR, FENCE, by_order=True)]


def test_one_that_has_nothing_to_do_is_ended_after_a_while() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.FINISHED)
    assert told(agent.handle(DeadlinePassed(), RULES.executor_idle_ms)) == [Shutdown()]


def test_one_that_is_given_something_to_do_stays() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.FINISHED)
    said(agent, run_by(OTHER, fence=8))
    assert told(agent.handle(DeadlinePassed(), RULES.executor_idle_ms)) == []


def test_one_whose_only_task_was_killed_before_it_was_started_is_not_started() -> None:
    agent = welcomed_agent()
    said(agent, run_by())
    said(agent, KillTasks((KillTask(KEY, None),)))
    assert agent.state.executors == {}
    on_disk(agent)
    assert last_of(agent) == (TaskState.KILLED, StatusReason.TASK_KILLED_DURING_LAUNCH)


def test_an_agent_that_ends_all_ends_it_too() -> None:
    agent = agent_with_executor()
    assert Shutdown() in told(agent.handle(StopAsked(end_tasks=True), 0))
    agent.handle(EXIT, 0)
    assert last_of(agent) == (TaskState.LOST, StatusReason.AGENT_RESTARTED)


def test_an_agent_that_stops_leaves_it_alone() -> None:
    agent = agent_with_executor()
    assert told(agent.handle(StopAsked(), 0)) == []
