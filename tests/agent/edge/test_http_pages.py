import asyncio
from pathlib import Path
from typing import Any

from agent.dispatch import Agent
from agent.edge.http_pages import add_pages
from agent.events import StopAsked
from tests.agent.edge.pages import showing
from tests.agent.one_agent import agent_with_running_task, new_agent


def get(agent: Agent, path: str) -> tuple[int, Any]:
    async def main() -> tuple[int, Any]:
        async with (
            showing(
                lambda app: add_pages(
                    app, agent.state, masters=lambda: ("a:1", "b:2"), work_dir=Path("/w")
                )
            ) as get,
            get(path) as answer,
        ):
            return answer.status, await answer.json()

    return asyncio.run(main())


def test_an_agent_is_healthy_with_and_without_a_leader() -> None:
    assert get(new_agent(), "/health") == (200, {"agent_id": None, "linked": False})
    running = agent_with_running_task()
    assert get(running, "/health") == (200, {"agent_id": "agent-1", "linked": True})


def test_an_agent_that_stops_is_not() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(), 0)
    assert get(agent, "/health") == (503, {"error": "stopping"})


def test_the_state_names_all_that_matters() -> None:
    status, state = get(agent_with_running_task(), "/state")
    assert status == 200
    assert state == {
        "id": "agent-1",
        "hostname": "host",
        "version": "1",
        "boot_id": "boot-1",
        "leader": "m-1",
        "epoch": 3,
        "resources": "cpus:4",
        "attributes": {},
        "reports_unacknowledged": 2,
        "isolation": {},
        "masters": ["a:1", "b:2"],
        "flags": {"work_dir": "/w"},
        "tasks": [
            {
                "id": "t",
                "framework_id": "f",
                "fence": 7,
                "name": "name",
                "resources": "cpus:0.1",
                "phase": "running",
                "state": "running",
                "pid": 42,
                "reports_unacknowledged": 2,
                "healthy": None,
                "executor_id": None,
                "message": "",
            }
        ],
        "executors": [],
    }
