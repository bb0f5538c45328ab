"""A task with too much on the disk fails for that reason, unless it was to end anyway."""

from agent.checkpoints.records import ReportMade
from agent.effects import KillProcess, NoteEnded
from agent.events import DiskExceeded, KillTask, KillTasks, ProcessExited
from agent.limiting import disk_limitation
from agent.tasks import OverDisk
from tests.agent.one_agent import KEY, OTHER, agent_with_running_task, records_in, said
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

MIB = 1024 * 1024
EXCEEDED = DiskExceeded(KEY, 7, OverDisk(5 * MIB, 4 * MIB))
KILLED = ProcessExited(KEY, 7, None, 9)


def test_it_is_ended_by_force_and_its_end_says_why() -> None:
    agent = agent_with_running_task()
    assert agent.handle(EXCEEDED, 0) == [KillProcess(KEY, 7)]
    effects = agent.handle(KILLED, 0)
    message = "Disk usage (5.0MB) exceeds quota (4.0MB)"
    why = StatusReason.CONTAINER_LIMITATION_DISK
    assert effects[0] == NoteEnded(KEY, 7, TaskState.FAILED, message, why)
    [record] = records_in(effects)
    assert isinstance(record, ReportMade)
    assert record.update.reason is why
    assert record.update.limitation == disk_limitation(EXCEEDED.over)


def test_seen_twice_it_is_ended_once() -> None:
    agent = agent_with_running_task()
    agent.handle(EXCEEDED, 0)
    assert agent.handle(EXCEEDED, 1) == []


def test_a_task_that_is_killed_has_been_killed() -> None:
    agent = agent_with_running_task()
    said(agent, KillTasks((KillTask(KEY, None),)))
    agent.handle(EXCEEDED, 0)
    [note] = (e for e in agent.handle(KILLED, 0) if isinstance(e, NoteEnded))
    assert note.state is TaskState.KILLED


def test_what_was_seen_too_late_changes_nothing() -> None:
    agent = agent_with_running_task()
    assert agent.handle(DiskExceeded(OTHER, 7, EXCEEDED.over), 0) == []
    assert agent.handle(DiskExceeded(KEY, 6, EXCEEDED.over), 0) == []
    agent.handle(KILLED, 0)
    assert agent.handle(EXCEEDED, 0) == []
