"""What the driver remembers of tasks, state by state."""

import pytest

from tests.trimast.framework.fake_master import an_update, uuid
from trimast.framework.known_tasks import KnownTasks, Verdict
from trimast.model.ids import TaskId
from trimast.model.task_lifecycle import TERMINAL_STATES, TaskState

T1, T2 = TaskId("t1"), TaskId("t2")


def launched(*task_ids: TaskId, remembered_max: int = 100) -> KnownTasks:
    tasks = KnownTasks(remembered_max)
    for task_id in task_ids:
        tasks.launched(task_id, 1)
    return tasks


@pytest.mark.parametrize("end", sorted(TERMINAL_STATES | {TaskState.UNKNOWN}))
def test_each_task_ends_once(end: TaskState) -> None:
    tasks = launched(T1)
    assert tasks.take(an_update(T1, end, uuid(1)), 1) is Verdict.DELIVER
    for again in TERMINAL_STATES:
        assert tasks.take(an_update(T1, again), 2) is Verdict.KNOWN
    assert tasks.open_ids == ()


def test_what_a_master_took_for_lost_may_come_back() -> None:
    tasks = launched(T1, T2)
    tasks.take(an_update(T1, TaskState.LOST, uuid(1)), 1)
    tasks.take(an_update(T2, TaskState.FINISHED, uuid(2)), 1)
    assert tasks.take(an_update(T1, TaskState.RUNNING), 1) is Verdict.DELIVER
    assert tasks.take(an_update(T2, TaskState.RUNNING), 1) is Verdict.KNOWN
    assert tasks.open_ids == (T1,)


def test_an_answer_that_says_nothing_new_is_not_told() -> None:
    tasks = launched(T1)
    tasks.take(an_update(T1, TaskState.RUNNING, uuid(1)), 1)
    tasks.begin_reconciliation()
    assert tasks.unanswered() == [T1]
    assert tasks.take(an_update(T1, TaskState.RUNNING), 2) is Verdict.KNOWN
    assert tasks.unanswered() == []


def test_an_answer_that_was_asked_for_is_told_even_if_it_is_known() -> None:
    tasks = launched(T1)
    tasks.take(an_update(T1, TaskState.FINISHED, uuid(1)), 1)
    tasks.asked_for([T1, T2])
    tasks.begin_reconciliation()
    assert tasks.unanswered() == [T1, T2]
    assert tasks.take(an_update(T1, TaskState.GONE), 2) is Verdict.DELIVER
    assert tasks.take(an_update(T1, TaskState.GONE), 2) is Verdict.KNOWN


def test_a_kill_is_repeated_until_the_task_has_ended() -> None:
    tasks = launched(T1)
    tasks.kill(T1, 500)
    assert tasks.kills == {T1: 500}
    tasks.take(an_update(T1, TaskState.KILLED, uuid(1)), 1)
    assert tasks.kills == {}
    tasks.kill(T1, None)
    assert tasks.kills == {}


def test_memory_of_updates_is_bounded_and_forgets_the_oldest() -> None:
    tasks = launched(T1, remembered_max=2)
    for number in (1, 2, 3):
        tasks.take(an_update(T1, TaskState.RUNNING, uuid(number)), 1)
    assert tasks.take(an_update(T1, TaskState.RUNNING, uuid(3)), 1) is Verdict.AGAIN
    assert tasks.take(an_update(T1, TaskState.RUNNING, uuid(1)), 1) is Verdict.DELIVER
