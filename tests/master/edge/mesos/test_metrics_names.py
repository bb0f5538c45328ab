"""The names of Mesos, from what `/metrics` counts."""

import pytest
from prometheus_client import CollectorRegistry, Histogram

from master.edge.mesos.metrics_names import Machine, Samples, mesos_metrics
from master.edge.metrics import MasterMetrics, StateCollector
from master.registry.commands import ReportTask
from master.registry.outcome import Applied
from replication.replicated_log import LogStatus
from tests.master.led_cluster import (
    FRAMEWORK,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_report,
)
from trimast.model.task_lifecycle import TaskState

MACHINE = Machine(1.0, 2.0, 3.0, 4, 5, 6)
STATUS = LogStatus("m1", "m1", True, 1, 1, 1, 1, 1, 1)


def shown(cluster: LedCluster, registry: CollectorRegistry) -> dict[str, float]:
    collector = StateCollector(
        log_status=lambda: STATUS,
        certificate_expires_in_s=lambda: None,
        registry=cluster.registry,
        leader=lambda: cluster.leader.state,
    )
    metrics = [*registry.collect(), *collector.collect()]
    return mesos_metrics(Samples(metrics), uptime_s=9.0, machine=MACHINE)


def test_what_the_cluster_has_is_counted_under_the_names_of_mesos() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.next_offer()
    numbers = shown(cluster, CollectorRegistry())
    expected = {
        "master/elected": 1.0,
        "master/uptime_secs": 9.0,
        "master/slaves_active": 1.0,
        "master/slaves_inactive": 0.0,
        "master/frameworks_connected": 1.0,
        "master/tasks_running": 1.0,
        "master/outstanding_offers": 1.0,
        "master/cpus_total": 2.0,
        "master/cpus_used": 1.0,
        "master/cpus_percent": 0.5,
        "master/mem_total": 1024.0,
        "master/gpus_percent": 0.0,
        "allocator/mesos/resources/cpus/offered_or_allocated": 2.0,
        "system/load_15min": 3.0,
        "system/cpus_total": 4.0,
    }
    assert {name: numbers[name] for name in expected} == expected


def test_ends_and_messages_are_counted() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    registry = CollectorRegistry()
    metrics = MasterMetrics(registry)
    cluster.report(a_report(TaskState.FAILED, 2, fence=fence))
    record = cluster.registry.tasks[FRAMEWORK, TASK]
    metrics.command_decided(ReportTask(a_report(TaskState.FAILED, 2, fence=fence)), Applied(record))
    metrics.called("scheduler", "ACCEPT")
    numbers = shown(cluster, registry)
    assert numbers["master/tasks_failed"] == 1.0
    assert numbers["master/tasks_finished"] == 0.0
    assert numbers["master/messages_launch_tasks"] == 1.0
    assert numbers["master/messages_status_update"] == numbers["master/valid_status_updates"] == 1.0


def test_names_are_there_before_anything_has_happened() -> None:
    numbers = shown(LedCluster(), CollectorRegistry())
    for name in (
        "master/dropped_messages",
        "master/event_queue_messages",
        "master/messages_kill_task",
        "master/tasks_lost",
        "registrar/state_store_ms",
        "registrar/state_store_ms/p9999",
        "allocator/event_queue_dispatches",
    ):
        assert numbers[name] == 0.0
    assert list(numbers) == sorted(numbers)


@pytest.mark.parametrize(
    ("seconds", "p50_ms", "p99_ms"),
    [
        ([], 0.0, 0.0),
        ([0.001], 5.0, 5.0),
        ([0.001] * 98 + [0.5] * 2, 5.0, 1000.0),
        ([9.0], 1e3, 1e3),
    ],
)
def test_quantiles_are_the_ends_of_buckets(
    seconds: list[float], p50_ms: float, p99_ms: float
) -> None:
    registry = CollectorRegistry()
    histogram = Histogram(
        "trimast_log_commit_latency_seconds", "x", buckets=(0.005, 1.0), registry=registry
    )
    for each in seconds:
        histogram.observe(each)
    samples = Samples(registry.collect())
    numbers = mesos_metrics(samples, uptime_s=0.0, machine=MACHINE)
    assert numbers["registrar/state_store_ms/p50"] == p50_ms
    assert numbers["registrar/state_store_ms/p99"] == p99_ms
    assert numbers["registrar/state_store_ms/count"] == len(seconds)
