"""What tasks use, for people and their tools: /monitor/statistics and /containers, as in Mesos."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiohttp import web

from agent.container_status import status_of_executor, status_of_task
from agent.edge.containerizer.usage import TaskUsage
from agent.edge.mesos.answers import Handler, add_everywhere, listing_answer
from agent.edge.mesos.holdings import Holding, holdings
from agent.state import AgentState
from agent.tasks import TaskKey
from trimast.edge.rendering import Renderer

Usage = Mapping[tuple[TaskKey, int], TaskUsage]


def add_usage_pages(
    app: web.Application,
    state: AgentState,
    renderer: Renderer,
    usage: Callable[[], Awaitable[Usage]],
) -> None:
    def showing(rows: Callable[[Usage], Iterator[dict[str, Any]]]) -> Handler:
        async def show(request: web.Request) -> web.StreamResponse:
            used = await usage()
            # Who was given other figures gets another page.
            return await listing_answer(request, renderer, (rows, id(used)), lambda: rows(used))

        return show

    def statistics(usage: Usage) -> Iterator[dict[str, Any]]:
        return (
            {**_names(holding), "statistics": _statistics(holding, used)}
            for holding, used in _live(state, usage)
            if used is not None
        )

    def containers(usage: Usage) -> Iterator[dict[str, Any]]:
        return (_container(state, *each) for each in _live(state, usage))

    add_everywhere(app, "/monitor/statistics", showing(statistics))
    add_everywhere(app, "/containers", showing(containers))


def _live(state: AgentState, usage: Usage) -> list[tuple[Holding, TaskUsage | None]]:
    return [
        (holding, usage.get((holding.key, holding.fence)))
        for holding in holdings(state)
        if holding.is_live and holding.pid
    ]


def _names(holding: Holding) -> dict[str, Any]:
    """A command task's executor is named after the task."""
    return {
        "framework_id": holding.key.framework_id,
        "executor_id": holding.key.task_id,
        "executor_name": holding.name,
        "source": holding.source,
    }


def _container(state: AgentState, holding: Holding, used: TaskUsage | None) -> dict[str, Any]:
    is_own = holding.executor is None
    place = (
        status_of_task(state, holding.tasks[0])
        if holding.executor is None
        else status_of_executor(state, holding.executor)
    )
    addresses = [{"ip_address": place.ip_address}] if place.ip_address else []
    status = {
        "container_id": {"value": place.container_id},
        "executor_pid": place.pid,
        "network_infos": [{"ip_addresses": addresses}],
        "paused": is_own and holding.tasks[0].is_paused,
    }
    figures = {} if used is None else {"statistics": _statistics(holding, used)}
    return {
        **_names(holding),
        "container_id": place.container_id,
        "status": status,
        **figures,
    }


def _statistics(holding: Holding, used: TaskUsage) -> dict[str, Any]:
    cpus_milli = holding.resources.scalar_milli("cpus")
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
