"""Checks and time limits, from the start of a task to its end."""

from dataclasses import replace

from agent.checkpoints.compacting import records_of
from agent.checks.effects import RunProbe
from agent.checks.events import ProbeEnded
from agent.dispatch import Agent
from agent.effects import AgentEffect, KillProcess, TerminateProcess
from agent.events import (
    Asked,
    DeadlinePassed,
    LinkOpened,
    ProcessExited,
    ProcessPaused,
    ProcessStarted,
    RunTask,
    RunTasks,
)
from agent.recovering import recover
from agent.tasks import ProbeOf
from tests.agent.one_agent import (
    AGENT,
    INFO,
    KEY,
    LINK,
    RULES,
    CountedStamps,
    of_type,
    on_disk,
    said,
    started,
    task_info,
    welcome,
    welcomed_agent,
)
from trimast.model.checks import Check, CheckResult, HealthCheck, Probe, ProbeKind
from trimast.model.command import CommandInfo
from trimast.model.status_update import StatusReason, StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

FENCE = 7
HTTP = Probe(ProbeKind.HTTP, port=80)
CHECK = Check(HTTP, delay_ms=1_000, interval_ms=500, timeout_ms=200)
HEALTH = HealthCheck(CHECK, failures_max=2, grace_ms=3_000)


def agent_with(task: TaskInfo) -> Agent:
    agent = welcomed_agent()
    said(agent, RunTasks((RunTask(KEY, task, FENCE, "user"),)))
    on_disk(agent)
    agent.handle(started(), 0)
    on_disk(agent)
    return agent


def healthy_task() -> TaskInfo:
    command = CommandInfo("true", environment=(("A", "1"),))
    return replace(task_info(), command=command, health_check=HEALTH)


def ended(
    agent: Agent, now_ms: int, is_healthy: bool, of: ProbeOf = ProbeOf.HEALTH, code: int = 0
) -> list[AgentEffect]:
    number = agent.state.tasks[KEY].probes[of].tries
    result = CheckResult(ProbeKind.HTTP, status_code=code)
    event = ProbeEnded(KEY, FENCE, of, number, result, is_healthy, "why")
    return agent.handle(event, now_ms)


def tries(agent: Agent, now_ms: int) -> list[AgentEffect]:
    return of_type(agent.handle(DeadlinePassed(), now_ms), RunProbe)


def last(agent: Agent) -> StatusUpdate:
    return agent.state.tasks[KEY].stream.untaken[-1]


def reports(agent: Agent) -> int:
    return agent.state.tasks[KEY].stream.made


def test_the_first_try_comes_after_the_delay_in_the_tasks_surroundings() -> None:
    agent = agent_with(healthy_task())
    assert tries(agent, 999) == []
    assert tries(agent, 1_000) == [
        RunProbe(AGENT, KEY, FENCE, ProbeOf.HEALTH, 1, HTTP, 200, (("A", "1"),), "user")
    ]


def test_the_next_try_comes_an_interval_after_the_end_of_the_last() -> None:
    agent = agent_with(healthy_task())
    tries(agent, 1_000)
    assert tries(agent, 5_000) == []
    ended(agent, 5_100, is_healthy=True)
    assert tries(agent, 5_599) == []
    assert len(tries(agent, 5_600)) == 1


def test_health_is_reported_when_it_changes() -> None:
    agent = agent_with(healthy_task())
    tries(agent, 1_000)
    ended(agent, 1_100, is_healthy=True)
    report = last(agent)
    assert (report.state, report.healthy) == (TaskState.RUNNING, True)
    assert report.reason is StatusReason.TASK_HEALTH_CHECK_STATUS_UPDATED
    made = reports(agent)
    tries(agent, 1_600)
    ended(agent, 1_700, is_healthy=True)
    assert reports(agent) == made
    tries(agent, 2_200)
    ended(agent, 2_300, is_healthy=False)
    assert (last(agent).healthy, last(agent).message) == (False, "why")


def test_failures_within_the_grace_period_do_not_count_until_it_was_well_once() -> None:
    agent = agent_with(healthy_task())
    made = reports(agent)
    tries(agent, 1_000)
    ended(agent, 3_000, is_healthy=False)
    assert reports(agent) == made
    tries(agent, 3_500)
    ended(agent, 3_501, is_healthy=False)
    assert last(agent).healthy is False


def test_too_many_failures_in_a_row_kill_the_task() -> None:
    agent = agent_with(healthy_task())
    tries(agent, 4_000)
    assert of_type(ended(agent, 4_000, is_healthy=False), TerminateProcess) == []
    tries(agent, 4_500)
    assert of_type(ended(agent, 4_500, is_healthy=False), TerminateProcess) != []
    agent.handle(ProcessExited(KEY, FENCE, None, 15), 4_600)
    assert (last(agent).state, last(agent).healthy) == (TaskState.KILLED, False)
    assert tries(agent, 60_000) == []


def test_one_success_between_failures_starts_the_count_again() -> None:
    agent = agent_with(healthy_task())
    for now_ms, is_healthy in ((4_000, False), (4_500, True), (5_000, False)):
        tries(agent, now_ms)
        assert of_type(ended(agent, now_ms, is_healthy), TerminateProcess) == []


def test_what_a_check_gives_is_reported_when_it_changes_and_kills_nobody() -> None:
    agent = agent_with(replace(task_info(), check=CHECK))
    assert last(agent).check == CheckResult(ProbeKind.HTTP)
    for now_ms, code, made in ((1_000, 500, 3), (1_500, 500, 3), (2_000, 200, 4)):
        tries(agent, now_ms)
        ended(agent, now_ms, False, ProbeOf.CHECK, code)
        assert reports(agent) == made
        assert last(agent).check == CheckResult(ProbeKind.HTTP, status_code=code)
        assert last(agent).reason is StatusReason.TASK_CHECK_STATUS_UPDATED


def test_a_late_result_is_nobodys() -> None:
    agent = agent_with(healthy_task())
    tries(agent, 1_000)
    result = CheckResult(ProbeKind.HTTP)
    assert agent.handle(ProbeEnded(KEY, FENCE + 1, ProbeOf.HEALTH, 1, result, True), 1_000) == []
    assert agent.handle(ProbeEnded(KEY, FENCE, ProbeOf.HEALTH, 9, result, True), 1_000) == []


def test_a_task_that_runs_for_too_long_is_ended_and_has_failed() -> None:
    agent = agent_with(replace(task_info(), max_completion_ms=10_000))
    effects = agent.handle(DeadlinePassed(), 10_000)
    assert of_type(effects, TerminateProcess) == [TerminateProcess(KEY, FENCE, by_order=False)]
    forced = agent.handle(DeadlinePassed(), 10_000 + RULES.kill_grace_ms)
    assert of_type(forced, KillProcess) == [KillProcess(KEY, FENCE)]
    agent.handle(ProcessExited(KEY, FENCE, None, 9), 14_000)
    report = last(agent)
    assert report.state is TaskState.FAILED
    assert report.reason is StatusReason.MAX_COMPLETION_TIME_REACHED


def test_a_task_that_ends_in_time_has_finished() -> None:
    agent = agent_with(replace(task_info(), max_completion_ms=10_000))
    agent.handle(ProcessExited(KEY, FENCE, 0, None), 9_000)
    assert last(agent).state is TaskState.FINISHED
    assert of_type(agent.handle(DeadlinePassed(), 10_000), TerminateProcess) == []


def back(agent: Agent, now_ms: int, asked: Asked | None = None) -> Agent:
    """Killed, and back; the task is found. It was started at 990 ms."""
    state, _ = recover(records_of(agent.state), RULES, INFO)
    again = Agent(state, CountedStamps(made=100))
    again.handle(LinkOpened(LINK), now_ms)
    said(again, welcome(), now_ms=now_ms)
    on_disk(again, now_ms)
    on_disk(again, now_ms)
    again.handle(ProcessStarted(KEY, FENCE, 42, 99, asked), now_ms)
    return again


def test_the_time_goes_on_while_the_agent_is_away() -> None:
    agent = back(agent_with(replace(task_info(), max_completion_ms=10_000)), 8_000)
    assert of_type(agent.handle(DeadlinePassed(), 10_989), TerminateProcess) == []
    assert of_type(agent.handle(DeadlinePassed(), 10_990), TerminateProcess) != []


def test_one_that_was_asked_to_end_for_that_has_failed_for_that() -> None:
    agent = agent_with(replace(task_info(), max_completion_ms=10_000))
    agent = back(agent, 12_000, Asked.TO_STOP)
    agent.handle(ProcessExited(KEY, FENCE, None, 15), 12_100)
    assert last(agent).reason is StatusReason.MAX_COMPLETION_TIME_REACHED


def test_checks_go_on_after_a_restart_without_a_delay() -> None:
    agent = back(agent_with(healthy_task()), 8_000)
    assert len(tries(agent, 8_000)) == 1


def test_a_task_that_is_paused_is_not_tried_until_it_goes_on() -> None:
    agent = agent_with(healthy_task())
    agent.handle(ProcessPaused(KEY, FENCE, True), 0)
    assert tries(agent, 1_000) == []
    agent.handle(ProcessPaused(KEY, FENCE, False), 1_200)
    assert len(tries(agent, 1_500)) == 1
