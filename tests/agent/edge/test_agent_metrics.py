from prometheus_client import CollectorRegistry

from agent.edge.agent_metrics import AgentMetrics
from agent.effects import RefusalOfOrder
from tests.agent.one_agent import agent_with_running_task, new_agent


def test_gauges_tell_how_it_is_now() -> None:
    registry = CollectorRegistry(auto_describe=True)
    AgentMetrics(registry, agent_with_running_task().state)
    value = registry.get_sample_value
    assert value("trimast_agent_tasks", {"state": "running"}) == 1
    assert value("trimast_agent_tasks", {"state": "finished"}) == 0
    assert value("trimast_agent_link_up") == 1
    assert value("trimast_agent_reports_unacknowledged") == 2
    assert value("trimast_agent_epoch_seen") == 3


def test_every_counter_is_there_from_the_start() -> None:
    registry = CollectorRegistry(auto_describe=True)
    AgentMetrics(registry, new_agent().state)
    value = registry.get_sample_value
    for reason in RefusalOfOrder:
        assert value("trimast_agent_orders_refused_total", {"reason": reason}) == 0
    assert value("trimast_agent_task_ends_total", {"state": "finished"}) == 0
    assert value("trimast_agent_launches_total") == 0
    assert value("trimast_agent_executors_total", {"what": "ended"}) == 0
    assert value("trimast_agent_executors_held") == 0
    assert value("trimast_agent_commands_total", {"result": "not_run"}) == 0
    probe = {"kind": "http", "of": "health", "result": "unhealthy"}
    assert value("trimast_agent_probes_total", probe) == 0
    assert value("trimast_agent_link_up") == 0
    assert value("trimast_agent_journal_fsync_seconds_count") == 0
