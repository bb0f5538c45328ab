"""What an agent makes of what its last life wrote down."""

from dataclasses import replace

import pytest

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
from agent.dispatch import Agent
from agent.effects import (
    AgentEffect,
    FindProcess,
    KillProcess,
    NoteEnded,
    NoteFound,
    OpenLink,
    StartProcess,
    TerminateProcess,
    WriteRecords,
)
from agent.events import (
    Asked,
    DeadlinePassed,
    KillTask,
    KillTasks,
    LinkOpened,
    ProcessExited,
    ProcessMissing,
    ProcessVanished,
    Vanishing,
)
from agent.recovering import recover
from agent.state import AgentState
from agent.tasks import Phase, TaskNotes
from tests.agent.one_agent import (
    ADDRESS,
    AGENT,
    FINISHED,
    INFO,
    KEY,
    LINK,
    OTHER,
    RULES,
    RUNNING,
    STARTING,
    CountedStamps,
    accepted,
    of_type,
    report,
    run_order,
    said,
    started,
    uuid,
    welcome,
)
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

ADMITTED = AgentAdmitted(AGENT)
ACCEPTED = accepted()
BEGUN = ProcessBegun(KEY, 7, 42, 99, "boot-1")
RAN: list[Record] = [
    ADMITTED,
    EpochSeen(3),
    ACCEPTED,
    ReportMade(STARTING),
    BEGUN,
    ReportMade(RUNNING),
]


FIND = FindProcess(AGENT, KEY, 7, 42, 99, "boot-1")
FIND_IF_ANY = FindProcess(AGENT, KEY, 7)


def recovered(records: list[Record]) -> tuple[AgentState, list[AgentEffect]]:
    state, effects = recover(records, RULES, INFO)
    state.address = ADDRESS
    return state, effects


def recovered_agent(records: list[Record]) -> Agent:
    """It has said hello and was welcomed; stamps go on from 100."""
    agent = Agent(recovered(records)[0], CountedStamps(made=100))
    agent.handle(LinkOpened(LINK), 0)
    said(agent, welcome())
    return agent


def test_a_new_agent_knows_nothing_and_looks_for_the_leader() -> None:
    state, effects = recovered([])
    assert (state.agent_id, state.epoch_seen, state.tasks) == (None, 0, {})
    assert effects == [OpenLink(epoch_min=0)]


def test_its_name_and_the_highest_epoch_are_remembered() -> None:
    state, effects = recovered([ADMITTED, EpochSeen(3), EpochSeen(9), EpochSeen(4)])
    assert (state.agent_id, state.epoch_seen, state.epoch_written) == (AGENT, 9, 9)
    assert effects == [OpenLink(epoch_min=9)]


def test_a_task_that_lived_is_looked_for() -> None:
    state, effects = recovered(RAN)
    assert effects == [FIND, OpenLink(epoch_min=3)]
    assert state.tasks[KEY].phase is Phase.RECOVERING


def test_one_that_was_about_to_start_is_looked_for_too() -> None:
    _, effects = recovered([ADMITTED, accepted(), ReportMade(STARTING)])
    assert effects == [FIND_IF_ANY, OpenLink(epoch_min=0)]


def test_one_that_runs_on_says_nothing_new() -> None:
    agent = recovered_agent(RAN)
    assert agent.handle(started(), 0) == [NoteFound(KEY, 7, 42)]
    assert agent.state.tasks[KEY].phase is Phase.RUNNING


def test_one_whose_start_was_not_written_down_says_that_it_runs() -> None:
    agent = recovered_agent([ADMITTED, EpochSeen(3), accepted(), ReportMade(STARTING)])
    [note, write] = agent.handle(started(), 0)
    running = report(101, TaskState.RUNNING, sequence=2)
    assert note == NoteFound(KEY, 7, 42)
    assert write == WriteRecords(1, (BEGUN, ReportMade(running)))


def test_one_that_ended_meanwhile_ends_as_it_did() -> None:
    agent = recovered_agent(RAN)
    agent.handle(started(), 0)
    [note, _write] = agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    assert note == NoteEnded(KEY, 7, TaskState.FINISHED, "Command exited with status 0")


def test_one_that_was_never_started_is_dropped_and_never_will_be() -> None:
    agent = recovered_agent([ADMITTED, EpochSeen(3), accepted(), ReportMade(STARTING)])
    [_note, write] = agent.handle(ProcessMissing(KEY, 7), 0)
    dropped = report(
        101,
        TaskState.DROPPED,
        sequence=2,
        source=StatusSource.AGENT,
        reason=StatusReason.AGENT_RESTARTED,
        message="The agent was restarted before it had started the task, which never ran",
    )
    assert write == WriteRecords(1, (ReportMade(dropped),))
    assert of_type(said(agent, run_order()), StartProcess) == []


@pytest.mark.parametrize(
    ("why", "state", "reason"),
    [
        (Vanishing.LAUNCHER_DIED, TaskState.FAILED, StatusReason.EXECUTOR_TERMINATED),
        (Vanishing.RECORDS_DAMAGED, TaskState.FAILED, StatusReason.EXECUTOR_TERMINATED),
        (Vanishing.MACHINE_RESTARTED, TaskState.LOST, StatusReason.AGENT_RESTARTED),
    ],
)
def test_an_end_that_nobody_saw_is_said_to_be_that(
    why: Vanishing, state: TaskState, reason: StatusReason
) -> None:
    agent = recovered_agent(RAN)
    [write] = of_type(agent.handle(ProcessVanished(KEY, 7, why), 0), WriteRecords)
    assert isinstance(write, WriteRecords)
    [made] = write.records
    assert isinstance(made, ReportMade)
    assert (made.update.state, made.update.reason) == (state, reason)
    assert (made.update.exit_code, made.update.signal) == (None, None)


def test_one_of_another_boot_of_which_nothing_is_known_is_lost_not_dropped() -> None:
    notes = TaskNotes(boot_id="boot-0")
    agent = recovered_agent([ADMITTED, TaskAccepted(KEY, 7, 0, notes), ReportMade(STARTING)])
    [note, _write] = agent.handle(ProcessMissing(KEY, 7), 0)
    assert isinstance(note, NoteEnded)
    assert note.state is TaskState.LOST


def test_a_kill_that_comes_while_it_is_looked_for_is_done_once_it_is_found() -> None:
    agent = recovered_agent(RAN)
    assert said(agent, KillTasks((KillTask(KEY, 1_000),))) == []
    assert agent.handle(started(), 10)[1:] == [TerminateProcess(KEY, 7)]
    assert agent.handle(DeadlinePassed(), 1_000) == [KillProcess(KEY, 7)]


def test_a_kill_of_an_earlier_life_goes_on() -> None:
    agent = recovered_agent(RAN)
    found = replace(started(), asked=Asked.BY_ORDER)
    assert agent.handle(found, 0) == [NoteFound(KEY, 7, 42)]
    assert agent.handle(DeadlinePassed(), 3_000) == [KillProcess(KEY, 7)]
    [note, _write] = agent.handle(ProcessExited(KEY, 7, None, 9), 3_001)
    assert isinstance(note, NoteEnded)
    assert note.state is TaskState.KILLED


def test_one_that_was_to_end_with_its_agent_is_ended_once_it_is_found() -> None:
    notes = TaskNotes("boot-1", ends_with_agent=True)
    agent = recovered_agent([ADMITTED, EpochSeen(3), TaskAccepted(KEY, 7, 0, notes), *RAN[3:]])
    assert agent.handle(started(), 0)[1:] == [
        TerminateProcess(KEY, 7, by_order=False),
        KillProcess(KEY, 7),
    ]
    [note, _write] = agent.handle(ProcessExited(KEY, 7, None, 9), 0)
    assert isinstance(note, NoteEnded)
    assert note.state is TaskState.LOST


def test_a_task_keeps_its_own_grace_over_a_restart() -> None:
    records: list[Record] = [ADMITTED, EpochSeen(3), accepted(kill_grace_ms=50), *RAN[3:]]
    agent = recovered_agent(records)
    agent.handle(started(), 0)
    said(agent, KillTasks((KillTask(KEY, None),)))
    assert agent.next_deadline_ms() == 50


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
    assert not any(isinstance(e, FindProcess) and e.pid for e in effects)


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
    rewritten: list[Record] = [ADMITTED, EpochSeen(3), accepted(settled=2), BEGUN]
    assert recovered(as_it_went) == recovered(rewritten)
    for records in (as_it_went, rewritten):
        agent = recovered_agent(records)
        assert agent.handle(started(), 0) == [NoteFound(KEY, 7, 42)]
        agent.handle(ProcessExited(KEY, 7, 0, None), 0)
        untaken = agent.state.tasks[KEY].stream.untaken
        assert [update.sequence for update in untaken] == [3]
