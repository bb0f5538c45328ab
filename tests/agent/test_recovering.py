"""What an agent makes of what its last life wrote down."""

from agent.checkpoints.records import (
    AgentAdmitted,
    EpochSeen,
    ProcessBegun,
    Record,
    ReportMade,
    ReportsTaken,
    TaskAccepted,
    TasksEnded,
)
from agent.effects import AgentEffect, KillLeftover, NoteEnded, OpenLink, WriteRecords
from agent.recovering import LOST_MESSAGE, recover
from agent.state import AgentState
from agent.tasks import Phase
from tests.agent.one_agent import (
    AGENT,
    FINISHED,
    INFO,
    KEY,
    OTHER,
    RULES,
    RUNNING,
    STARTING,
    CountedStamps,
    report,
    uuid,
)
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

ADMITTED = AgentAdmitted(AGENT)
ACCEPTED = TaskAccepted(KEY, 7)
BEGUN = ProcessBegun(KEY, 7, 42, 99, "boot-1")
RAN: list[Record] = [
    ADMITTED,
    EpochSeen(3),
    ACCEPTED,
    ReportMade(STARTING),
    BEGUN,
    ReportMade(RUNNING),
]


def recovered(records: list[Record]) -> tuple[AgentState, list[AgentEffect]]:
    return recover(records, RULES, INFO, CountedStamps(made=100))


def lost(sequence: int) -> StatusUpdate:
    return report(
        101,
        TaskState.LOST,
        sequence=sequence,
        source=StatusSource.AGENT,
        reason=StatusReason.AGENT_RESTARTED,
        message=LOST_MESSAGE,
    )


def test_a_new_agent_knows_nothing_and_looks_for_the_leader() -> None:
    state, effects = recovered([])
    assert (state.agent_id, state.epoch_seen, state.tasks) == (None, 0, {})
    assert effects == [OpenLink(epoch_min=0)]


def test_its_name_and_the_highest_epoch_are_remembered() -> None:
    state, effects = recovered([ADMITTED, EpochSeen(3), EpochSeen(9), EpochSeen(4)])
    assert (state.agent_id, state.epoch_seen, state.epoch_written) == (AGENT, 9, 9)
    assert effects == [OpenLink(epoch_min=9)]


def test_a_task_that_lived_is_ended_and_lost() -> None:
    _, effects = recovered(RAN)
    assert effects == [
        KillLeftover(BEGUN),
        NoteEnded(KEY, 7, TaskState.LOST, LOST_MESSAGE),
        WriteRecords(1, (ReportMade(lost(3)),)),
        OpenLink(epoch_min=3),
    ]


def test_a_task_of_which_no_process_is_known_is_lost_and_nothing_is_touched() -> None:
    _, effects = recovered([ADMITTED, ACCEPTED, ReportMade(STARTING)])
    assert effects[:2] == [
        NoteEnded(KEY, 7, TaskState.LOST, LOST_MESSAGE),
        WriteRecords(1, (ReportMade(lost(2)),)),
    ]


def test_a_task_that_had_ended_waits_for_its_reports_to_be_taken() -> None:
    state, effects = recovered([*RAN, ReportMade(FINISHED), ReportsTaken((uuid(1),))])
    assert effects == [OpenLink(epoch_min=3)]
    task = state.tasks[KEY]
    assert task.phase is Phase.ENDED
    assert task.stream.next_to_send() == [RUNNING, FINISHED]


def test_a_settled_task_is_not_started_again_after_a_restart() -> None:
    state, _ = recovered([*RAN, ReportMade(FINISHED), ReportsTaken((uuid(3),))])
    assert (state.tasks, state.by_uuid, state.ended) == ({}, {}, {KEY: 7})


def test_a_later_launch_under_the_same_id_is_another_task() -> None:
    state, effects = recovered([*RAN, ReportMade(FINISHED), TaskAccepted(KEY, 8)])
    assert state.ended == {KEY: 7}
    assert state.tasks[KEY].fence == 8
    assert not any(isinstance(effect, KillLeftover) for effect in effects)


def test_records_told_twice_change_nothing() -> None:
    once: list[Record] = [
        *RAN,
        ReportMade(FINISHED),
        ReportsTaken((uuid(1),)),
        TasksEnded(((OTHER, 5),)),
    ]
    settled: list[Record] = [*RAN, ReportMade(FINISHED), ReportsTaken((uuid(3),))]
    for story in (once, settled):
        assert recovered([*story, *story]) == recovered(story)


def test_reports_go_on_counting_where_they_stopped() -> None:
    as_it_went: list[Record] = [*RAN, ReportsTaken((uuid(1), uuid(2)))]
    rewritten: list[Record] = [ADMITTED, EpochSeen(3), TaskAccepted(KEY, 7, settled=2), BEGUN]
    for records in (as_it_went, rewritten):
        state, _ = recovered(records)
        assert [update.sequence for update in state.tasks[KEY].stream.untaken] == [3]
