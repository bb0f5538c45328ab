"""What tasks use, for people and their tools: /monitor/statistics and /containers, as in Mesos."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from agent.container_names import container_id
from agent.edge.containerizer.usage import TaskUsage
from agent.state import AgentState
from agent.tasks import Task, TaskKey
from trimast.model.resources_text import resources_from_text

Usage = Mapping[tuple[TaskKey, int], TaskUsage]


def add_usage_pages(
    app: web.Application, state: AgentState, usage: Callable[[], Awaitable[Usage]]
) -> None:
    async def statistics(_request: web.Request) -> web.Response:
        rows = [
            {**_names(task), "statistics": _statistics(task, used)}
            for task, used in _live(state, await usage())
            if used is not None
        ]
        return web.json_response(rows)

    async def containers(_request: web.Request) -> web.Response:
        rows = [_container(task, used) for task, used in _live(state, await usage())]
        return web.json_response(rows)

    for prefix in ("", "/slave(1)"):
        for suffix in ("", ".json"):
            app.router.add_get(f"{prefix}/monitor/statistics{suffix}", statistics)
        app.router.add_get(f"{prefix}/containers", containers)


def _live(state: AgentState, usage: Usage) -> list[tuple[Task, TaskUsage | None]]:
    return [
        (task, usage.get((task.key, task.fence)))
        for task in state.tasks.values()
        if task.is_live and task.pid
    ]


def _names(task: Task) -> dict[str, Any]:
    """A command task's executor is named after the task."""
    return {
        "framework_id": task.key.framework_id,
        "executor_id": task.key.task_id,
        "executor_name": f"Command Executor (Task: {task.key.task_id})",
        "source": task.key.task_id,
    }


def _container(task: Task, used: TaskUsage | None) -> dict[str, Any]:
    name = container_id(task.key, task.fence)
    status = {"container_id": {"value": name}, "executor_pid": task.pid}
    figures = {} if used is None else {"statistics": _statistics(task, used)}
    return {
        **_names(task),
        "container_id": name,
        "status": {**status, "paused": task.is_paused},
        **figures,
    }


def _statistics(task: Task, used: TaskUsage) -> dict[str, Any]:
    cpus_milli = resources_from_text(task.notes.resources).scalar_milli("cpus")
    return {
        "timestamp": used.at_s,
        "cpus_limit": cpus_milli / 1000,
        "cpus_user_time_secs": used.cpu_user_s,
        "cpus_system_time_secs": used.cpu_system_s,
        "cpus_throttled_time_secs": used.throttled_s,
        "mem_rss_bytes": used.rss_bytes,
        "mem_total_bytes": used.mem_bytes,
        "mem_max_bytes": used.mem_peak_bytes,
        "processes": used.pids,
        **({} if used.mem_limit_bytes is None else {"mem_limit_bytes": used.mem_limit_bytes}),
    }
