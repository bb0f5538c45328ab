import asyncio
from typing import Any

from agent.dispatch import Agent
from agent.edge.http_pages import add_health, own_picture
from agent.events import StopAsked
from tests.agent.edge.pages import showing, whole
from tests.agent.one_agent import agent_with_running_task, new_agent


def health(agent: Agent, path: str = "/health") -> tuple[int, Any]:
    async def main() -> tuple[int, Any]:
        async with (
            showing(lambda app: add_health(app, agent.state)) as get,
            get(path) as answer,
        ):
            return answer.status, await answer.json()

    return asyncio.run(main())


def test_an_agent_is_healthy_with_and_without_a_leader() -> None:
    assert health(new_agent()) == (200, {"agent_id": None, "linked": False})
    running = agent_with_running_task()
    linked = (200, {"agent_id": "agent-1", "linked": True})
    assert health(running) == health(running, "/slave(1)/health") == linked


def test_an_agent_that_stops_is_not() -> None:
    agent = agent_with_running_task()
    agent.handle(StopAsked(), 0)
    assert health(agent) == (503, {"error": "stopping"})


def test_the_state_names_all_that_matters() -> None:
    state = agent_with_running_task().state
    shown = whole(own_picture(state, ("a:1", "b:2"), {"kind": "process"}))
    assert shown == {
        "boot_id": "boot-1",
        "leader": "m-1",
        "epoch": 3,
        "reports_unacknowledged": 2,
        "isolation": {"kind": "process"},
        "masters": ["a:1", "b:2"],
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
