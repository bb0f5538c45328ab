"""Tasks are asked to end, then made to."""

import pytest

from agent.alarms import Alarm, AlarmKind
from agent.checkpoints.records import ReportMade
from agent.effects import (
    CancelStart,
    KillProcess,
    NoteEnded,
    RefusalOfOrder,
    RefuseOrder,
    SendReports,
    StartProcess,
    TerminateProcess,
    WriteRecords,
)
from agent.events import DeadlinePassed, KillTask, KillTasks, ProcessExited, StartFailed
from tests.agent.one_agent import (
    EPOCH,
    KEY,
    LINK,
    STARTING,
    agent_with_running_task,
    of_type,
    on_disk,
    report,
    run_order,
    said,
    started,
    welcomed_agent,
)
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

TERMINATE = TerminateProcess(KEY, 7)
FORCE = KillProcess(KEY, 7)


def kill(grace_ms: int | None = None) -> KillTasks:
    return KillTasks((KillTask(KEY, grace_ms),))


@pytest.mark.parametrize(
    ("ordered_ms", "tasks_own_ms", "due_ms"),
    [(None, None, 3_000), (None, 500, 500), (200, 500, 200), (200, None, 200)],
)
def test_a_task_that_does_not_end_in_time_is_forced_to(
    ordered_ms: int | None, tasks_own_ms: int | None, due_ms: int
) -> None:
    agent = agent_with_running_task(kill_grace_ms=tasks_own_ms)
    assert said(agent, kill(ordered_ms)) == [TERMINATE]
    assert agent.next_deadline_ms() == due_ms
    assert agent.handle(DeadlinePassed(), due_ms - 1) == []
    assert agent.handle(DeadlinePassed(), due_ms) == [FORCE]


def test_no_grace_means_at_once() -> None:
    agent = agent_with_running_task()
    assert said(agent, kill(0)) == [TERMINATE, FORCE]


def test_a_task_that_ends_in_time_is_not_forced() -> None:
    agent = agent_with_running_task()
    said(agent, kill())
    agent.handle(ProcessExited(KEY, 7, None, 15), 10)
    assert of_type(agent.handle(DeadlinePassed(), 9_000), KillProcess) == []


def test_asked_twice_the_earlier_end_holds() -> None:
    agent = agent_with_running_task()
    said(agent, kill(3_000))
    assert said(agent, kill(9_000)) == []
    assert said(agent, kill(100)) == []
    assert agent.handle(DeadlinePassed(), 100) == [FORCE]


def test_a_task_killed_while_it_is_written_down_never_starts() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    killed = report(
        2,
        TaskState.KILLED,
        source=StatusSource.AGENT,
        reason=StatusReason.TASK_KILLED_DURING_LAUNCH,
        message="Killed before it was started",
    )
    assert said(agent, kill()) == [
        NoteEnded(
            KEY,
            7,
            TaskState.KILLED,
            "Killed before it was started",
            StatusReason.TASK_KILLED_DURING_LAUNCH,
        ),
        WriteRecords(4, (ReportMade(killed),)),
    ]
    effects = on_disk(agent)
    assert of_type(effects, StartProcess) == []
    assert effects == [SendReports(LINK, (STARTING, killed))]


def test_a_task_killed_while_its_process_starts_is_asked_to_end_once_it_is_there() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    on_disk(agent)
    assert said(agent, kill(1_000)) == [CancelStart(KEY, 7)]
    assert agent.handle(started(), 10)[1:] == [TERMINATE]
    assert agent.handle(DeadlinePassed(), 1_000) == [FORCE]


def test_if_its_time_is_up_by_then_it_is_forced_too() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    on_disk(agent)
    said(agent, kill(1_000))
    assert agent.handle(started(), 2_000)[1:] == [TERMINATE, FORCE]


def test_a_killed_task_that_could_not_be_started_was_killed() -> None:
    agent = welcomed_agent()
    said(agent, run_order())
    on_disk(agent)
    said(agent, kill())
    [note, _write] = agent.handle(StartFailed(KEY, 7, "no such file"), 0)
    assert note == NoteEnded(
        KEY, 7, TaskState.KILLED, "no such file", StatusReason.TASK_KILLED_DURING_LAUNCH
    )


def test_killing_what_was_never_here_is_left_to_the_inventory() -> None:
    agent = welcomed_agent()
    assert said(agent, kill()) == [RefuseOrder(RefusalOfOrder.TASK_UNKNOWN, EPOCH, KEY)]


def test_killing_what_has_ended_does_nothing() -> None:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    assert said(agent, kill()) == []


def test_no_alarm_is_left_of_a_task_that_was_killed() -> None:
    agent = agent_with_running_task()
    said(agent, kill())
    agent.handle(ProcessExited(KEY, 7, None, 15), 10)
    assert not agent.state.alarms.is_set(Alarm(AlarmKind.KILL, KEY))
