"""The registry: the same commands, the same state; and nothing that an old leader decided."""

from collections import Counter
from dataclasses import replace

import pytest

from master.registry.apply import apply
from master.registry.commands import (
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    Command,
    Decision,
    GiveUpTask,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    OrderKill,
    ProveQuorum,
    RemoveFramework,
    ReportTask,
)
from master.registry.outcome import APPLIED, Applied, Outcome
from master.registry.records import FrameworkState, KillOrder
from master.registry.state import COMPLETED_TASKS_MAX, RegistryState
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    FRAMEWORK_INFO,
    ONE_CORE,
    TASK,
    TWO_CORES,
    a_report,
    a_task,
)
from trimast.model.ids import AgentId, FrameworkId, MasterId, TaskId
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.task_lifecycle import TaskState


class Story:
    """Commands of one epoch, one after the other."""

    def __init__(self) -> None:
        self.state = RegistryState()
        self.index = 0
        self.decide(BeginEpoch(MasterId("m1")))

    def decide(self, decision: Decision, *, epoch: int | None = None) -> Outcome:
        self.index += 1
        epoch = self.state.epoch if epoch is None else epoch
        outcome = apply(self.state, self.index, Command(epoch, at_ms=7, decision=decision))
        states = Counter(map(self.state.state_of, self.state.tasks.values()))
        assert self.state.tasks_by_state() == states
        return outcome


def a_story_with_a_task() -> Story:
    story = Story()
    story.decide(AdmitAgent(AGENT, AGENT_INFO))
    story.decide(AdmitFramework(FRAMEWORK, FRAMEWORK_INFO))
    story.decide(LaunchTask(FRAMEWORK, a_task()))
    return story


def reason_of(outcome: Outcome) -> RefusalReason:
    assert isinstance(outcome, Refused)
    return outcome.reason


EVERY_DECISION: list[Decision] = [
    AdmitAgent(AGENT, AGENT_INFO),
    MarkAgentUnreachable(AGENT),
    AdmitFramework(FRAMEWORK, FRAMEWORK_INFO),
    NoteFrameworkAway(FRAMEWORK, 1),
    RemoveFramework(FRAMEWORK, None),
    LaunchTask(FRAMEWORK, a_task(TaskId("t2"))),
    ReportTask(a_report(TaskState.RUNNING, 1, fence=4)),
    AcknowledgeReport(FRAMEWORK, TASK, b"x" * 16),
    OrderKill(FRAMEWORK, TASK, None),
    GiveUpTask(4, a_report(TaskState.GONE, 0, fence=4)),
    ProveQuorum(),
]


@pytest.mark.parametrize("decision", EVERY_DECISION, ids=lambda d: type(d).__name__)
def test_what_an_earlier_leader_decided_is_refused(decision: Decision) -> None:
    story = a_story_with_a_task()
    story.decide(BeginEpoch(MasterId("m2")))
    before = repr(story.state)
    assert reason_of(story.decide(decision, epoch=1)) is RefusalReason.STALE_EPOCH
    assert repr(story.state) == before


@pytest.mark.parametrize("decision", EVERY_DECISION, ids=lambda d: type(d).__name__)
def test_every_decision_is_survived_by_an_empty_registry(decision: Decision) -> None:
    assert isinstance(Story().decide(decision), Applied | Refused)


def test_an_epoch_begins_with_its_leader() -> None:
    story = Story()
    story.decide(BeginEpoch(MasterId("m2")))
    assert (story.state.epoch, story.state.leader_id) == (2, "m2")


def test_the_fence_of_a_launch_is_its_place_in_the_log() -> None:
    story = a_story_with_a_task()
    assert story.state.tasks[FRAMEWORK, TASK].fence == story.index


def test_an_agent_is_never_promised_more_than_it_has() -> None:
    story = a_story_with_a_task()
    assert isinstance(story.decide(LaunchTask(FRAMEWORK, a_task(TaskId("t2")))), Applied)
    third = story.decide(LaunchTask(FRAMEWORK, a_task(TaskId("t3"))))
    assert reason_of(third) is RefusalReason.NOT_ENOUGH_RESOURCES
    assert story.state.used_on(AGENT) == TWO_CORES


def test_a_launch_needs_its_framework_its_agent_and_a_new_name() -> None:
    story = a_story_with_a_task()
    reasons = [
        reason_of(story.decide(LaunchTask(FrameworkId("f9"), a_task()))),
        reason_of(story.decide(LaunchTask(FRAMEWORK, a_task()))),
        reason_of(
            story.decide(LaunchTask(FRAMEWORK, a_task(TaskId("t2"), agent_id=AgentId("a9"))))
        ),
    ]
    story.decide(MarkAgentUnreachable(AGENT))
    reasons.append(reason_of(story.decide(LaunchTask(FRAMEWORK, a_task(TaskId("t2"))))))
    assert reasons == [
        RefusalReason.FRAMEWORK_UNKNOWN,
        RefusalReason.TASK_EXISTS,
        RefusalReason.AGENT_GONE,
        RefusalReason.AGENT_GONE,
    ]


def test_reports_count_up_and_each_is_taken_once() -> None:
    story = a_story_with_a_task()
    running = ReportTask(a_report(TaskState.RUNNING, 1, fence=4))
    ended = ReportTask(a_report(TaskState.FINISHED, 2, fence=4))
    assert reason_of(story.decide(ended)) is RefusalReason.OUT_OF_ORDER
    assert isinstance(story.decide(running), Applied)
    assert reason_of(story.decide(running)) is RefusalReason.NOTHING_TO_DO
    assert isinstance(story.decide(ended), Applied)
    task = story.state.tasks[FRAMEWORK, TASK]
    assert (task.state, len(task.reports)) == (TaskState.FINISHED, 2)
    assert story.state.used_on(AGENT).is_empty


def test_a_step_that_no_task_takes_is_passed_over_and_the_next_is_taken() -> None:
    story = a_story_with_a_task()
    story.decide(ReportTask(a_report(TaskState.RUNNING, 1, fence=4)))
    backwards = story.decide(ReportTask(a_report(TaskState.STAGING, 2, fence=4)))
    assert reason_of(backwards) is RefusalReason.NOTHING_TO_DO
    assert isinstance(story.decide(ReportTask(a_report(TaskState.FAILED, 3, fence=4))), Applied)


def test_a_task_is_kept_until_its_framework_has_acknowledged_its_end() -> None:
    story = a_story_with_a_task()
    ended = a_report(TaskState.FINISHED, 1, fence=4)
    story.decide(ReportTask(ended))
    assert (FRAMEWORK, TASK) in story.state.tasks
    assert isinstance(story.decide(AcknowledgeReport(FRAMEWORK, TASK, ended.uuid)), Applied)
    assert story.state.tasks == {}
    again = story.decide(AcknowledgeReport(FRAMEWORK, TASK, ended.uuid))
    assert reason_of(again) is RefusalReason.TASK_UNKNOWN


def test_a_name_is_free_again_once_its_task_is_over_and_acknowledged() -> None:
    story = a_story_with_a_task()
    ended = a_report(TaskState.FINISHED, 1, fence=4)
    story.decide(ReportTask(ended))
    assert reason_of(story.decide(LaunchTask(FRAMEWORK, a_task()))) is RefusalReason.TASK_EXISTS
    story.decide(AcknowledgeReport(FRAMEWORK, TASK, ended.uuid))
    assert isinstance(story.decide(LaunchTask(FRAMEWORK, a_task())), Applied)


def test_tombstones_are_bounded_and_the_oldest_go_first() -> None:
    story = a_story_with_a_task()
    for number in range(COMPLETED_TASKS_MAX + 5):
        task_id = TaskId(f"n{number}")
        story.decide(LaunchTask(FRAMEWORK, a_task(task_id)))
        ended = a_report(TaskState.FINISHED, 1, fence=story.index, task_id=task_id)
        story.decide(ReportTask(ended))
        story.decide(AcknowledgeReport(FRAMEWORK, task_id, ended.uuid))
    assert len(story.state.completed_tasks) == COMPLETED_TASKS_MAX
    oldest = next(iter(story.state.completed_tasks.values()))
    assert oldest.info.task_id == "n5"


def test_a_removed_framework_leaves_kill_orders_and_no_reports() -> None:
    story = a_story_with_a_task()
    story.decide(ReportTask(a_report(TaskState.RUNNING, 1, fence=4)))
    assert story.decide(RemoveFramework(FRAMEWORK, None)) == APPLIED
    task = story.state.tasks[FRAMEWORK, TASK]
    assert (task.kill, task.reports) == (KillOrder(None), ())
    assert story.state.used_on(AGENT) == ONE_CORE
    # Once its end is reported nobody is left to acknowledge it.
    story.decide(ReportTask(a_report(TaskState.KILLED, 2, fence=4)))
    assert story.state.tasks == {}
    assert story.state.used_on(AGENT).is_empty


def test_a_removed_framework_cannot_come_back() -> None:
    story = a_story_with_a_task()
    story.decide(RemoveFramework(FRAMEWORK, None))
    back = story.decide(AdmitFramework(FRAMEWORK, FRAMEWORK_INFO))
    assert reason_of(back) is RefusalReason.FRAMEWORK_REMOVED


def test_an_absence_counts_only_for_the_subscription_it_ended() -> None:
    story = a_story_with_a_task()
    story.decide(AdmitFramework(FRAMEWORK, FRAMEWORK_INFO))
    assert reason_of(story.decide(NoteFrameworkAway(FRAMEWORK, 1))) is RefusalReason.NOTHING_TO_DO
    assert reason_of(story.decide(RemoveFramework(FRAMEWORK, 1))) is RefusalReason.NOTHING_TO_DO
    assert story.decide(NoteFrameworkAway(FRAMEWORK, 2)) == APPLIED
    assert story.state.frameworks[FRAMEWORK].state is FrameworkState.AWAY


def test_unreachable_is_what_the_agent_is_and_what_its_tasks_are_seen_as() -> None:
    story = a_story_with_a_task()
    story.decide(ReportTask(a_report(TaskState.RUNNING, 1, fence=4)))
    story.decide(MarkAgentUnreachable(AGENT))
    task = story.state.tasks[FRAMEWORK, TASK]
    assert story.state.state_of(task) is TaskState.UNREACHABLE
    twice = story.decide(MarkAgentUnreachable(AGENT))
    assert reason_of(twice) is RefusalReason.NOTHING_TO_DO
    story.decide(AdmitAgent(AGENT, AGENT_INFO))
    assert story.state.state_of(task) is TaskState.RUNNING


def test_an_agent_must_hold_what_its_tasks_hold() -> None:
    story = a_story_with_a_task()
    nothing_left = replace(AGENT_INFO, resources=ONE_CORE - ONE_CORE)
    small = story.decide(AdmitAgent(AGENT, nothing_left))
    assert reason_of(small) is RefusalReason.NOT_ENOUGH_RESOURCES


def test_giving_up_counts_for_that_launch_alone() -> None:
    story = a_story_with_a_task()
    gone = replace(a_report(TaskState.GONE, 1, fence=4), sequence=0, fence=0)
    assert reason_of(story.decide(GiveUpTask(3, gone))) is RefusalReason.NOTHING_TO_DO
    assert isinstance(story.decide(GiveUpTask(4, gone)), Applied)
    assert story.state.used_on(AGENT).is_empty
    assert reason_of(story.decide(GiveUpTask(4, gone))) is RefusalReason.NOTHING_TO_DO


def test_the_same_commands_give_the_same_state() -> None:
    first, second = a_story_with_a_task(), a_story_with_a_task()
    for story in (first, second):
        for decision in EVERY_DECISION:
            story.decide(decision)
    assert repr(first.state) == repr(second.state)
