"""A registry that begins again is ahead of all that its lost life can have shown to anybody."""

from dataclasses import replace

from master.leader.effects import KillTask, TakeReport, TurnAgentAway, WelcomeAgent
from master.leader.events import AgentConnected, AgentReported, AgentTookStock
from master.registry.new_life import EPOCHS_SKIPPED, begin_new_life
from master.registry.records import TaskRecord
from master.registry.snapshot import RegistrySnapshot, capture
from master.registry.state import RegistryState
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    LINK,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
)
from trimast.model.ids import TaskId
from trimast.model.inventory import HeldTask, inventory_digest
from trimast.model.task_lifecycle import TaskState

SEEN_AFTER_THE_BACKUP = 500
"""Failovers of the lost life that its backup knows nothing of."""


def restored(snapshot: RegistrySnapshot) -> LedCluster:
    """A leader over what a backup holds, in its new life."""
    begun = begin_new_life(snapshot)
    state = RegistryState(begun.epoch, begun.leader_id)
    state.agents = {each.agent_id: each for each in begun.agents}
    state.frameworks = {each.framework_id: each for each in begun.frameworks}
    for task in begun.tasks:
        state.put_back_task(task)
    state.used = dict(begun.used)
    return LedCluster(registry=state, index=1_000_000_000)


def a_backup(task_state: TaskState = TaskState.RUNNING, sequence: int = 1) -> RegistrySnapshot:
    cluster = a_cluster_with_agent_and_framework()
    task = TaskRecord(FRAMEWORK, a_task(), 4, 7, task_state, sequence=sequence)
    cluster.registry.add_task(task)
    return capture(cluster.registry)


def come(cluster: LedCluster, *held: HeldTask) -> list[object]:
    epoch_seen = SEEN_AFTER_THE_BACKUP
    hello = AgentConnected(LINK, AGENT, AGENT_INFO, inventory_digest(held), epoch_seen)
    effects: list[object] = list(cluster.feed(hello))
    if WelcomeAgent(LINK, AGENT, send_inventory=True) in effects:
        effects += cluster.feed(AgentTookStock(LINK, held))
    return effects


def test_agents_that_saw_epochs_after_the_backup_are_accepted_again() -> None:
    snapshot = a_backup()
    without = LedCluster(registry=RegistryState(epoch=snapshot.epoch))
    assert isinstance(come(without)[0], TurnAgentAway)
    assert EPOCHS_SKIPPED > SEEN_AFTER_THE_BACKUP
    cluster = restored(snapshot)
    assert come(cluster, HeldTask(FRAMEWORK, TASK, 4)) == [
        WelcomeAgent(LINK, AGENT, send_inventory=False)
    ]


def test_a_task_of_after_the_backup_is_killed_when_its_agent_comes() -> None:
    cluster = restored(a_backup())
    unknown = HeldTask(FRAMEWORK, TaskId("later"), 90)
    assert KillTask(LINK, FRAMEWORK, TaskId("later"), None) in come(
        cluster, HeldTask(FRAMEWORK, TASK, 4), unknown
    )


def test_a_task_whose_reports_were_taken_after_the_backup_can_still_end() -> None:
    cluster = restored(a_backup(sequence=1))
    come(cluster, HeldTask(FRAMEWORK, TASK, 4))
    report = a_report(TaskState.FINISHED, 5, fence=4)
    effects = cluster.feed(AgentReported(LINK, (report,)))
    assert TakeReport(LINK, report.uuid) in effects
    assert cluster.registry.tasks[FRAMEWORK, TASK].state is TaskState.FINISHED


def test_only_the_first_report_may_leave_a_gap() -> None:
    cluster = restored(a_backup(sequence=1))
    come(cluster, HeldTask(FRAMEWORK, TASK, 4))
    cluster.feed(AgentReported(LINK, (a_report(TaskState.RUNNING, 5, fence=4),)))
    effects = cluster.feed(AgentReported(LINK, (a_report(TaskState.FINISHED, 7, fence=4),)))
    assert effects == []
    assert cluster.registry.tasks[FRAMEWORK, TASK].sequence == 5


def test_a_launch_that_was_under_way_is_not_repeated_but_ended_if_the_agent_lacks_it() -> None:
    cluster = restored(a_backup(TaskState.STAGING, sequence=0))
    effects = come(cluster)
    assert not any(type(effect).__name__ == "RunTask" for effect in effects)
    assert cluster.registry.tasks[FRAMEWORK, TASK].state.is_terminal


def test_what_has_ended_is_left_as_it_was() -> None:
    ended = replace(
        a_backup(), tasks=[TaskRecord(FRAMEWORK, a_task(), 4, 7, TaskState.FINISHED, sequence=3)]
    )
    assert begin_new_life(ended).tasks == ended.tasks
