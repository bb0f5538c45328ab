"""The older endpoints, in their shapes and at their many paths."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agent.container_names import container_id
from agent.dispatch import Agent
from agent.edge.mesos.legacy_pages import add_legacy_pages
from agent.edge.mesos.snapshot import MetricsSnapshot
from agent.tasks import Phase, TaskKey
from tests.agent.edge.pages import giving_way, showing
from tests.agent.executors.one_executor import agent_with_executor
from tests.agent.one_agent import (
    ADDRESS,
    KEY,
    agent_with_running_task,
    new_agent,
    run_order,
    said,
    welcomed_agent,
)
from trimast.model.ids import FrameworkId, TaskId


def get(
    path: str, agent: Agent | None = None, meanwhile: Callable[[], None] = lambda: None
) -> tuple[int, dict[str, str], Any]:
    """What happens meanwhile happens once a page of the state is begun."""
    state = (agent or agent_with_running_task()).state
    state.endpoint = "10.0.0.1:5051"

    def own_state() -> dict[str, Any]:
        asyncio.get_running_loop().call_soon(meanwhile)
        return {"epoch": 3, "version": "mine"}

    def add(app: web.Application) -> None:
        add_legacy_pages(
            app,
            state,
            flags={"work_dir": "/w", "long": "x" * 2000},
            metrics=MetricsSnapshot(state, Path("/"), ended=lambda _: 0.0, now_s=lambda: 1.0),
            renderer=giving_way(),
            directory=lambda holding: f"/w/{holding.fence}",
            start_s=9.5,
            own_state=own_state,
        )

    async def main() -> tuple[int, dict[str, str], Any]:
        async with showing(add) as get, get(path) as answer:
            is_json = answer.content_type == "application/json"
            document = await answer.json() if is_json else await answer.text()
            return answer.status, dict(answer.headers), document

    return asyncio.run(main())


@pytest.mark.parametrize(
    "path",
    ["/state", "/state/", "/state.json", "/slave(1)/state", "/slave(1)/state.json", "/state/more"],
)
def test_the_state_is_shown_at_many_paths(path: str) -> None:
    status, _, state = get(path)
    assert (status, state["id"], state["pid"]) == (200, "agent-1", "slave(1)@10.0.0.1:5051")


def test_it_is_flat() -> None:
    _, _, state = get("/state")
    assert state["resources"] == {"cpus": 4.0, "gpus": 0, "mem": 0, "disk": 0}
    assert (state["version"], state["epoch"], state["start_time"]) == ("1.11.0", 3, 9.5)
    [framework] = state["frameworks"]
    [executor] = framework["executors"]
    assert (executor["id"], executor["source"]) == ("t", "t")
    assert (executor["container"], executor["directory"]) == (container_id(KEY, 7), "/w/7")
    [task] = executor["tasks"]
    assert (task["id"], task["executor_id"], task["state"]) == ("t", "", "TASK_RUNNING")
    assert task["statuses"][1]["container_status"] == {
        "container_id": {"value": container_id(KEY, 7)},
        "executor_pid": 42,
        "network_infos": [{"ip_addresses": [{"ip_address": ADDRESS}]}],
    }


def test_it_is_written_as_json_is_written_at_once() -> None:
    for agent in (agent_with_running_task(), agent_with_executor(), new_agent()):
        text = get("/state?jsonp=f", agent)[2]
        assert text == f"f({json.dumps(json.loads(text[2:-2]))});"


def test_tasks_that_end_and_go_while_it_is_made_are_on_it_once() -> None:
    agent = welcomed_agent()
    keys = [TaskKey(FrameworkId(f"f{number % 3}"), TaskId(f"t{number}")) for number in range(30)]
    for key in keys:
        said(agent, run_order(key))
    held = agent.state.tasks

    def all_go() -> None:
        for task in held.values():
            task.phase = Phase.ENDED
        held.clear()

    status, _, state = get("/state", agent, all_go)
    assert (status, len(held)) == (200, 0)
    executors = [
        executor["id"]
        for framework in state["frameworks"]
        for executor in [*framework["executors"], *framework["completed_executors"]]
    ]
    assert sorted(executors) == sorted(key.task_id for key in keys)


def test_an_executor_of_a_framework_has_its_tasks() -> None:
    agent = agent_with_executor()
    _, _, state = get("/state", agent)
    [framework] = state["frameworks"]
    [executor] = framework["executors"]
    tasks = [*executor["tasks"], *executor["queued_tasks"]]
    assert [task["executor_id"] for task in tasks] == [executor["id"]]


def test_flags_versions_and_metrics_are_asked_for_too() -> None:
    assert get("/flags")[2]["flags"]["work_dir"] == "/w"
    assert get("/slave(1)/version")[2]["version"] == "1.11.0"
    metrics = get("/metrics/snapshot?timeout=100ms")[2]
    assert metrics["slave/tasks_running"] == 1.0
    system = get("/system/stats.json")[2]
    assert system["mem_total_bytes"] == metrics["system/mem_total_bytes"]


def test_long_answers_are_packed_for_those_who_can_unpack_them() -> None:
    assert get("/flags")[1]["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in get("/version")[1]


def test_pages_of_mesos_ask_for_a_call_of_a_function() -> None:
    _, headers, text = get("/version?jsonp=shown.here")
    assert headers["Content-Type"].startswith("text/javascript")
    assert text.startswith("shown.here({")
    assert text.endswith("});")
    assert get("/version?jsonp=alert(1)")[0] == 400
