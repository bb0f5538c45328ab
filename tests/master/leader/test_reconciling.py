"""What a framework is told when it asks."""

from dataclasses import replace

from master.leader.events import AgentDisconnected, ReconciliationRequested
from tests.master.led_cluster import (
    AGENT,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
    updates_in,
)
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import AgentId, ExecutorId, TaskId
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

LOST = TaskId("lost")


def ask(
    cluster: LedCluster, *tasks: tuple[TaskId, AgentId | None]
) -> list[tuple[TaskId, TaskState]]:
    updates = updates_in(cluster.feed(ReconciliationRequested(STREAM, tasks)))
    assert all(u.reason is StatusReason.RECONCILIATION and not u.uuid for u in updates)
    return [(u.task_id, u.state) for u in updates]


def test_asking_for_everything_gives_all_that_is_alive() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    assert ask(cluster) == [(TASK, TaskState.RUNNING)]
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    assert ask(cluster) == []


def test_what_is_alive_is_told_with_where_it_runs() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    place = ContainerStatus("7-abc", 42, "10.0.0.1")
    report = a_report(TaskState.RUNNING, 2, fence=fence)
    cluster.report(replace(report, container=place, healthy=True))
    [update] = updates_in(cluster.feed(ReconciliationRequested(STREAM, ())))
    assert (update.container, update.healthy, update.executor_id) == (place, True, ExecutorId(TASK))


def test_an_end_that_is_not_acknowledged_is_still_told() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FAILED, 2, fence=fence))
    assert ask(cluster, (TASK, AGENT)) == [(TASK, TaskState.FAILED)]


def test_a_task_that_is_in_no_registry_is_told_by_where_it_should_be() -> None:
    cluster = a_cluster_with_agent_and_framework()
    asked = ((LOST, None), (LOST, AGENT), (LOST, AgentId("nobody")))
    answers = [state for task in asked for _, state in ask(cluster, task)]
    assert answers == [TaskState.UNKNOWN, TaskState.GONE, TaskState.UNKNOWN]
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    assert ask(cluster, (LOST, AGENT)) == [(LOST, TaskState.UNREACHABLE)]


def test_a_launch_that_is_being_decided_is_never_called_unknown() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.holds_log = True
    cluster.accept(a_task(), offers=[offer.offer_id])
    assert ask(cluster, (TASK, AGENT)) == []
    cluster.release_log()
    assert ask(cluster, (TASK, AGENT)) == [(TASK, TaskState.STAGING)]


def test_a_new_leader_answers_before_any_agent_is_back() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.begin_reign("m2")
    cluster.framework_comes()
    assert ask(cluster, (TASK, AGENT)) == [(TASK, TaskState.RUNNING)]
