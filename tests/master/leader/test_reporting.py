"""Reports: committed before anyone hears, taken once, delivered until acknowledged."""

from itertools import pairwise

from master.leader.effects import CloseAgentLink, Propose, SendUpdate, TakeReport
from master.leader.events import AgentReported, FrameworkDisconnected, ReportAcknowledged
from master.presence.frameworks import StreamId
from tests.master.led_cluster import (
    AGENT,
    FRAMEWORK,
    LINK,
    STREAM,
    TASK,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
    updates_in,
)
from trimast.model.ids import AgentId, TaskId
from trimast.model.task_lifecycle import TaskState


def test_a_report_is_only_proposed_at_first() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    event = AgentReported(LINK, (a_report(TaskState.FINISHED, 2, fence=fence),))
    assert [type(e) for e in cluster.leader.handle(event, cluster.now_ms)] == [Propose]


def test_a_committed_report_is_taken_from_the_agent_and_passed_on() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    report = a_report(TaskState.FINISHED, 2, fence=fence)
    assert cluster.report(report) == [TakeReport(LINK, report.uuid), SendUpdate(STREAM, report)]


def test_a_report_that_is_known_is_taken_again_and_not_passed_on() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    report = a_report(TaskState.FINISHED, 2, fence=fence)
    cluster.report(report)
    assert cluster.report(report) == [TakeReport(LINK, report.uuid)]


def test_a_report_about_a_task_nobody_knows_is_taken_and_forgotten() -> None:
    cluster = a_cluster_with_agent_and_framework()
    report = a_report(TaskState.RUNNING, 1, fence=77, task_id=TaskId("stray"))
    assert cluster.report(report) == [TakeReport(LINK, report.uuid)]


def test_a_report_that_overtook_another_is_left_with_the_agent() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    assert cluster.report(a_report(TaskState.FINISHED, 3, fence=fence)) == []


def test_a_late_report_of_an_earlier_task_of_the_same_name_changes_nothing() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    old = a_report(TaskState.FAILED, 2, fence=fence - 1)
    assert cluster.report(old) == [TakeReport(LINK, old.uuid)]
    assert cluster.registry.tasks[FRAMEWORK, TASK].state is TaskState.RUNNING


def test_an_end_frees_what_the_task_used() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FAILED, 2, fence=fence))
    account = cluster.leader.state.ledger.accounts[AGENT]
    assert account.used.is_empty


def test_nothing_follows_an_end() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    late = a_report(TaskState.RUNNING, 3, fence=fence)
    assert cluster.report(late) == [TakeReport(LINK, late.uuid)]
    assert cluster.registry.tasks[FRAMEWORK, TASK].state is TaskState.FINISHED


def test_a_task_that_was_being_killed_is_never_reported_finished() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.KILLING, 2, fence=fence))
    [update] = updates_in(cluster.report(a_report(TaskState.FINISHED, 3, fence=fence)))
    assert update.state is TaskState.KILLED


def test_an_agent_cannot_report_in_the_name_of_another() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    forged = a_report(TaskState.FAILED, 2, fence=fence, agent_id=AgentId("a2"))
    assert [type(e) for e in cluster.report(forged)] == [CloseAgentLink]
    assert cluster.registry.tasks[FRAMEWORK, TASK].state is TaskState.RUNNING


def test_a_report_is_sent_again_with_growing_patience_until_acknowledged() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    running = a_report(TaskState.RUNNING, 1, fence=fence)
    repeat = SendUpdate(STREAM, running, is_repeat=True)
    seconds = [second for second in range(80) if repeat in cluster.wait(1_000)]
    assert [later - earlier for earlier, later in pairwise(seconds)] == [20, 40]
    cluster.feed(ReportAcknowledged(STREAM, TASK, running.uuid))
    assert updates_in(cluster.wait(700_000)) == []


def test_an_acknowledged_end_leaves_only_a_tombstone() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    for sequence, state in ((1, TaskState.RUNNING), (2, TaskState.FINISHED)):
        uuid = a_report(state, sequence, fence=fence).uuid
        cluster.feed(ReportAcknowledged(STREAM, TASK, uuid))
    assert cluster.registry.tasks == {}
    assert list(cluster.registry.completed_tasks) == [((FRAMEWORK, TASK), fence)]


def test_an_acknowledgement_of_something_else_changes_nothing() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    index = cluster.index
    assert cluster.feed(ReportAcknowledged(STREAM, TASK, b"x" * 16)) == []
    assert cluster.index == index


def test_unacknowledged_reports_wait_for_the_framework_and_keep_their_order() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.accept(a_task(), offers=[offer.offer_id])
    fence = cluster.index
    cluster.feed(FrameworkDisconnected(STREAM))
    reports = [
        a_report(TaskState.STARTING, 1, fence=fence),
        a_report(TaskState.RUNNING, 2, fence=fence),
        a_report(TaskState.FINISHED, 3, fence=fence),
    ]
    assert updates_in(cluster.report(*reports)) == []
    assert updates_in(cluster.framework_comes(stream_id=StreamId(2))) == reports


def test_unacknowledged_reports_survive_their_leader() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    cluster.begin_reign("m2")
    assert updates_in(cluster.framework_comes()) == [a_report(TaskState.RUNNING, 1, fence=fence)]
