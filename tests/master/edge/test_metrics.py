"""What the log tells its observer can be scraped, and what the registry holds."""

from dataclasses import replace
from typing import NoReturn

from prometheus_client import CollectorRegistry

from master.edge.metrics import MasterMetrics, StateCollector
from master.registry.commands import ReportTask
from master.registry.outcome import Applied
from master.registry.records import TaskKey, TaskRecord
from replication.replicated_log import LogStatus
from tests.master.led_cluster import (
    FRAMEWORK,
    TASK,
    a_cluster_with_agent_and_framework,
    a_report,
)
from tests.master.registry.test_apply import a_story_with_a_task
from trimast.model.task_lifecycle import TaskState


class Unseen(dict[TaskKey, TaskRecord]):
    """A million tasks: nobody looks at them all and goes on leading."""

    def values(self) -> NoReturn:
        raise AssertionError("all tasks were looked at")

    def items(self) -> NoReturn:
        raise AssertionError("all tasks were looked at")


def test_compared_and_mismatched_digests_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = MasterMetrics(registry)
    name = "trimast_log_state_digests"
    assert registry.get_sample_value(f"{name}_mismatched_total") == 0
    metrics.digest_compared()
    metrics.digest_compared()
    metrics.digest_mismatched()
    assert registry.get_sample_value(f"{name}_compared_total") == 2
    assert registry.get_sample_value(f"{name}_mismatched_total") == 1


def test_tasks_are_counted_without_a_look_at_each() -> None:
    state = a_story_with_a_task().state
    state.tasks = Unseen(state.tasks)
    status = LogStatus("m1", "m1", True, 1, 1, 1, 1, 1, 1)
    registry = CollectorRegistry()
    registry.register(
        StateCollector(
            log_status=lambda: status,
            certificate_expires_in_s=lambda: None,
            registry=state,
            leader=lambda: None,
        )
    )
    name = "trimast_master_tasks"
    assert registry.get_sample_value(name, {"state": "staging"}) == 1
    assert registry.get_sample_value(name, {"state": "running"}) == 0


def test_calls_and_ends_of_tasks_are_counted_by_what_they_are() -> None:
    registry = CollectorRegistry()
    metrics = MasterMetrics(registry)
    for call in ("ACCEPT", "ACCEPT", "KILL"):
        metrics.called("scheduler", call)
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    running = cluster.registry.tasks[FRAMEWORK, TASK]
    report = ReportTask(a_report(TaskState.FINISHED, 2, fence=fence))
    metrics.command_decided(report, Applied(running))
    metrics.command_decided(report, Applied(replace(running, state=TaskState.FINISHED)))

    def counted(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"trimast_master_{name}_total", labels)

    assert counted("calls", api="scheduler", call="ACCEPT") == 2
    assert counted("calls", api="scheduler", call="KILL") == 1
    assert counted("tasks_ended", state="finished") == 1
    assert counted("tasks_ended", state="failed") == 0


def test_what_agents_have_is_shown_and_what_is_used_and_offered_of_it() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.next_offer()
    registry = CollectorRegistry()
    registry.register(
        StateCollector(
            log_status=lambda: LogStatus("m1", "m1", True, 1, 1, 1, 1, 1, 1),
            certificate_expires_in_s=lambda: None,
            registry=cluster.registry,
            leader=lambda: cluster.leader.state,
        )
    )
    for of, cpus in (("total", 2.0), ("used", 1.0), ("offered", 1.0)):
        labels = {"resource": "cpus", "of": of}
        assert registry.get_sample_value("trimast_master_resources", labels) == cpus
