"""How a process ended, and what that makes of its task."""

import pytest

from agent.checkpoints.records import ReportMade
from agent.effects import NoteEnded, SendReports, WriteRecords
from agent.events import KillTask, KillTasks, MemoryExceeded, ProcessExited, StopAsked
from tests.agent.one_agent import (
    FINISHED,
    KEY,
    LINK,
    agent_with_running_task,
    on_disk,
    records_in,
    report,
    said,
)
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

FAILED = StatusReason.COMMAND_EXECUTOR_FAILED


def test_an_end_is_written_down_then_reported() -> None:
    agent = agent_with_running_task()
    assert agent.handle(ProcessExited(KEY, 7, 0, None), 0) == [
        NoteEnded(KEY, 7, TaskState.FINISHED, "Command exited with status 0"),
        WriteRecords(5, (ReportMade(FINISHED),)),
    ]
    assert on_disk(agent) == [SendReports(LINK, (FINISHED,))]


@pytest.mark.parametrize(
    ("exit_code", "signal", "message"),
    [
        (3, None, "Command exited with status 3"),
        (None, 9, "Command terminated with signal Killed"),
        (None, 11, "Command terminated with signal Segmentation fault"),
    ],
)
def test_whatever_is_not_status_0_has_failed(
    exit_code: int | None, signal: int | None, message: str
) -> None:
    agent = agent_with_running_task()
    failed = report(
        3,
        TaskState.FAILED,
        reason=FAILED,
        message=message,
        exit_code=exit_code,
        signal=signal,
    )
    [_note, write] = agent.handle(ProcessExited(KEY, 7, exit_code, signal), 0)
    assert write == WriteRecords(5, (ReportMade(failed),))


def test_who_had_too_much_memory_has_failed_and_the_figures_are_told() -> None:
    agent = agent_with_running_task()
    exceeded = MemoryExceeded(32 << 20, 1 << 20, 32 << 20)
    [note, write] = agent.handle(ProcessExited(KEY, 7, None, 9, exceeded), 0)
    [made] = records_in([write])
    assert isinstance(made, ReportMade)
    assert made.update.limitation == Resources.of({"mem": 32_000})
    how = (
        "Memory limit exceeded: Requested: 32.0MB Maximum Used: 32.0MB Used at the end: 1.0MB;"
        " Command terminated with signal Killed"
    )
    reason = StatusReason.CONTAINER_LIMITATION_MEMORY
    assert note == NoteEnded(KEY, 7, TaskState.FAILED, how, reason)


@pytest.mark.parametrize(("kill", "state"), [(True, TaskState.KILLED), (False, TaskState.FINISHED)])
def test_who_was_killed_or_ended_well_has_not_failed_for_that(kill: bool, state: TaskState) -> None:
    agent = agent_with_running_task()
    if kill:
        said(agent, KillTasks((KillTask(KEY, None),)))
    exceeded = MemoryExceeded(None, 0, 0)
    [note, _write] = agent.handle(ProcessExited(KEY, 7, 0, None, exceeded), 0)
    assert isinstance(note, NoteEnded)
    assert note.state is state


@pytest.mark.parametrize(("exit_code", "signal"), [(0, None), (1, None), (None, 15)])
def test_a_task_that_was_to_be_killed_was_killed(exit_code: int | None, signal: int | None) -> None:
    agent = agent_with_running_task()
    said(agent, KillTasks((KillTask(KEY, None),)))
    [note, _write] = agent.handle(ProcessExited(KEY, 7, exit_code, signal), 0)
    assert isinstance(note, NoteEnded)
    assert note.state is TaskState.KILLED


def test_a_task_that_ended_because_the_agent_stops_is_lost() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(end_tasks=True), 0)
    [note, _write] = agent.handle(ProcessExited(KEY, 7, None, 15), 0)
    how = "Command terminated with signal Terminated because the agent was stopped"
    assert note == NoteEnded(KEY, 7, TaskState.LOST, how, StatusReason.AGENT_RESTARTED)
