"""What is decided, as those who watch the cluster hear it."""

from dataclasses import replace

from master.presence.frameworks import StreamId
from master.registry.commands import (
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    Decision,
    LaunchGroup,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    RemoveFramework,
    ReportTask,
)
from master.registry.outcome import APPLIED, Outcome, refused
from master.views.happening import (
    AgentRemoved,
    FrameworkAdded,
    FrameworkRemoved,
    FrameworkUpdated,
    Happening,
    TaskAdded,
    TaskUpdated,
    happenings,
)
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    FRAMEWORK_INFO,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
    a_task,
)
from trimast.model.ids import TaskId
from trimast.model.refusal import RefusalReason
from trimast.model.task_lifecycle import TaskState


def of(cluster: LedCluster, decision: Decision, outcome: Outcome = APPLIED) -> list[Happening]:
    return happenings(cluster.registry, decision, outcome, wall_ms=7)


def test_a_launch_adds_its_tasks_and_a_report_updates_one() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    record = cluster.registry.tasks[FRAMEWORK, TASK]
    assert of(cluster, LaunchTask(FRAMEWORK, a_task())) == [TaskAdded(record)]
    missing = replace(a_task(), task_id=TaskId("gone already"))
    assert of(cluster, LaunchGroup(FRAMEWORK, (a_task(), missing))) == [TaskAdded(record)]
    report = a_report(TaskState.RUNNING, 1, fence=fence)
    assert of(cluster, ReportTask(report)) == [TaskUpdated(report)]


def test_what_was_refused_has_not_happened() -> None:
    cluster = a_cluster_with_agent_and_framework()
    no = refused(RefusalReason.INVALID, "no")
    assert of(cluster, LaunchTask(FRAMEWORK, a_task()), no) == []
    assert of(cluster, RemoveFramework(FRAMEWORK, None), no) == []


def test_an_unreachable_agent_takes_its_tasks_along_and_brings_them_back() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    updated = of(cluster, AdmitAgent(AGENT, AGENT_INFO))
    [back] = updated
    assert isinstance(back, TaskUpdated)
    assert (back.update.state, back.update.timestamp_ms) == (TaskState.RUNNING, 7)
    cluster.wait(40_000)
    away, removed = of(cluster, MarkAgentUnreachable(AGENT))
    assert isinstance(away, TaskUpdated)
    assert away.update.state is TaskState.UNREACHABLE
    assert removed == AgentRemoved(AGENT)


def test_frameworks_come_go_away_and_end() -> None:
    cluster = a_cluster_with_agent_and_framework()
    admitted = AdmitFramework(FRAMEWORK, FRAMEWORK_INFO)
    assert of(cluster, admitted) == [FrameworkAdded(FRAMEWORK)]
    cluster.framework_comes(stream_id=StreamId(2))
    assert of(cluster, admitted) == [FrameworkUpdated(FRAMEWORK)]
    assert of(cluster, NoteFrameworkAway(FRAMEWORK, 1)) == [FrameworkUpdated(FRAMEWORK)]
    assert of(cluster, RemoveFramework(FRAMEWORK, None)) == [FrameworkRemoved(FRAMEWORK)]


def test_what_nobody_watches_for_is_not_told() -> None:
    cluster = a_cluster_with_agent_and_framework()
    assert of(cluster, AcknowledgeReport(FRAMEWORK, TASK, b"")) == []
