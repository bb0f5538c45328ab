"""What tasks use, as pages and as metrics."""

import asyncio
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from agent.container_names import container_id
from agent.edge.containerizer.usage import TaskUsage
from agent.edge.usage_metrics import UsageMetrics
from agent.edge.usage_pages import add_usage_pages
from agent.tasks import TaskKey
from tests.agent.edge.pages import giving_way, showing
from tests.agent.one_agent import KEY, agent_with_running_task

USED = TaskUsage(5.0, 1.5, 0.5, 0.25, 100, 200, 300, 400, 3)


def get(path: str, used: Mapping[tuple[TaskKey, int], TaskUsage]) -> Any:
    async def usage() -> Mapping[tuple[TaskKey, int], TaskUsage]:
        return used

    async def main() -> Any:
        state = agent_with_running_task().state
        async with (
            showing(lambda app: add_usage_pages(app, state, giving_way(), usage)) as get,
            get(path) as answer,
        ):
            return await answer.json()

    return asyncio.run(main())


FIGURES = {
    "timestamp": 5.0,
    "cpus_limit": 0.1,
    "cpus_user_time_secs": 1.5,
    "cpus_system_time_secs": 0.5,
    "cpus_throttled_time_secs": 0.25,
    "mem_rss_bytes": 100,
    "mem_total_bytes": 200,
    "mem_max_bytes": 300,
    "mem_limit_bytes": 400,
    "processes": 3,
}


def test_statistics_are_those_of_mesos() -> None:
    for path in ("/monitor/statistics", "/monitor/statistics.json", "/slave(1)/monitor/statistics"):
        [row] = get(path, {(KEY, 7): USED})
        assert row == {
            "framework_id": "f",
            "executor_id": "t",
            "executor_name": "Command Executor (Task: t) (Command: sh -c 'true')",
            "source": "t",
            "statistics": FIGURES,
        }
    assert get("/monitor/statistics", {}) == []
    assert get("/monitor/statistics", {(KEY, 8): USED}) == [], "of an earlier launch"


def test_containers_are_there_with_and_without_figures() -> None:
    [row] = get("/containers", {(KEY, 7): USED})
    assert row["container_id"] == row["status"]["container_id"]["value"] == container_id(KEY, 7)
    assert (row["status"]["executor_pid"], row["status"]["paused"]) == (42, False)
    assert row["statistics"] == FIGURES
    [row] = get("/containers", {})
    assert "statistics" not in row


def test_metrics_are_sums() -> None:
    registry = CollectorRegistry()
    metrics = UsageMetrics(lambda: True)
    registry.register(metrics)
    value = registry.get_sample_value
    assert value("trimast_agent_tasks_rss_bytes") == 0
    metrics.take({1: USED, 2: USED})
    assert value("trimast_agent_isolated") == 1
    assert value("trimast_agent_cgroups") == 2
    assert value("trimast_agent_tasks_rss_bytes") == 200
    assert value("trimast_agent_tasks_cpu_seconds") == 4
    assert value("trimast_agent_tasks_pids") == 6
