"""What the log tells its observer can be scraped."""

from prometheus_client import CollectorRegistry

from master.edge.metrics import MasterMetrics


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
