"""What the log tells its observer can be scraped, and what the registry holds."""

from typing import NoReturn

from prometheus_client import CollectorRegistry

from master.edge.metrics import MasterMetrics, StateCollector
from master.registry.records import TaskKey, TaskRecord
from replication.replicated_log import LogStatus
from tests.master.registry.test_apply import a_story_with_a_task


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
