"""Tasks come to those whose they are, and others have their turn meanwhile."""

from dataclasses import replace

from master.leader.events import AgentDisconnected, ReportAcknowledged
from master.views.grouping import STEP, Groups, group
from master.views.picture import Picture, take_picture
from tests.master.led_cluster import (
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    a_cluster_with_agent_and_framework,
    a_report,
)
from trimast.model.task_lifecycle import TaskState


def grouped(picture: Picture) -> tuple[Groups, int]:
    """And how often others could have had their turn."""
    grouping, turns = group(picture), 0
    while True:
        try:
            next(grouping)
        except StopIteration as stop:
            return stop.value, turns
        turns += 1


def test_active_unreachable_and_completed_are_kept_apart() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    groups, _ = grouped(take_picture(cluster.leader.state))
    assert [t.info.task_id for t in groups.active[FRAMEWORK]] == [TASK]
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    groups, _ = grouped(take_picture(cluster.leader.state))
    assert not groups.active
    assert [t.info.task_id for t in groups.unreachable[FRAMEWORK]] == [TASK]
    cluster.agent_comes()
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    for sequence in (1, 2):
        uuid = a_report(TaskState.FINISHED, sequence, fence=fence).uuid
        cluster.feed(ReportAcknowledged(STREAM, TASK, uuid))
    groups, _ = grouped(take_picture(cluster.leader.state))
    assert not groups.active
    assert [t.info.task_id for t in groups.completed[FRAMEWORK]] == [TASK]


def test_many_tasks_are_grouped_with_pauses() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    picture = take_picture(cluster.leader.state)
    many = replace(picture, tasks=picture.tasks * (3 * STEP))
    groups, turns = grouped(many)
    assert (len(groups.active[FRAMEWORK]), turns) == (3 * STEP, 3)


def test_offers_go_to_their_framework() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    groups, _ = grouped(take_picture(cluster.leader.state))
    assert groups.offers == {FRAMEWORK: [offer]}
