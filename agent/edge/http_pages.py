"""What an agent says of itself: /health, and what /state has beside what Mesos has there."""

from typing import Any

from aiohttp import web

from agent.edge.mesos.answers import add_everywhere
from agent.executors.executor import Executor
from agent.state import AgentState
from agent.tasks import Task
from trimast.edge.http_server import json_error


def add_health(app: web.Application, state: AgentState) -> None:
    async def health(_request: web.Request) -> web.Response:
        if state.stopping is not None:
            return json_error(503, "stopping")
        return web.json_response({"agent_id": state.agent_id, "linked": state.is_welcome})

    add_everywhere(app, "/health", health)


def own_picture(
    state: AgentState, masters: tuple[str, ...], isolation: dict[str, str]
) -> dict[str, Any]:
    """In parts that are made when their turn comes; see `json_pieces`.

    Args:
        masters: the addresses known by now.
        isolation: how tasks are held to their share.
    """
    return {
        "boot_id": state.info.boot_id,
        "leader": state.link.master_id if state.link is not None else None,
        "epoch": state.epoch_seen,
        "masters": masters,
        "isolation": isolation,
        "reports_unacknowledged": len(state.by_uuid),
        "tasks": map(_task, list(state.tasks.values())),
        "executors": map(_executor, list(state.executors.values())),
    }


def _executor(executor: Executor) -> dict[str, Any]:
    return {
        "id": executor.executor_id,
        "framework_id": executor.key.framework_id,
        "fence": executor.fence,
        "phase": executor.phase,
        "subscribed": executor.stream_id is not None,
        "ending": executor.ending is not None,
        "pid": executor.pid or None,
        "tasks": [key.task_id for key in executor.tasks],
    }


def _task(task: Task) -> dict[str, Any]:
    last = task.stream.untaken[-1] if task.stream.untaken else None
    return {
        "id": task.key.task_id,
        "framework_id": task.key.framework_id,
        "fence": task.fence,
        "name": task.notes.name,
        "resources": task.notes.resources,
        "phase": task.phase,
        "state": task.state,
        "pid": task.pid if task.is_live and task.pid else None,
        "reports_unacknowledged": len(task.stream.untaken),
        "healthy": task.healthy,
        "executor_id": task.notes.executor_id,
        "message": last.message if last is not None else "",
    }
