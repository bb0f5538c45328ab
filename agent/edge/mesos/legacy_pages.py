"""The older endpoints of an agent of Mesos: flat JSON, at every path at which clients ask."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web

from agent.container_names import container_id
from agent.edge.mesos.answers import add_everywhere, json_answer, listing_answer
from agent.edge.mesos.flat import flat_resources
from agent.edge.mesos.holdings import Holding, by_framework, holdings, resources_of
from agent.edge.mesos.snapshot import MetricsSnapshot
from agent.edge.mesos.version import CAPABILITIES, version_document
from agent.state import AgentState
from agent.tasks import Phase, Task
from trimast.edge.rendering import Renderer
from trimast.model.ids import FrameworkId
from trimast.model.status_update import StatusUpdate

_QUEUED: Final = {Phase.ACCEPTED}
_SYSTEM: Final = {
    "avg_load_1min": "system/load_1min",
    "avg_load_5min": "system/load_5min",
    "avg_load_15min": "system/load_15min",
    "cpus_total": "system/cpus_total",
    "mem_total_bytes": "system/mem_total_bytes",
    "mem_free_bytes": "system/mem_free_bytes",
}


def add_legacy_pages(
    app: web.Application,
    state: AgentState,
    *,
    flags: Mapping[str, str],
    metrics: MetricsSnapshot,
    renderer: Renderer,
    directory: Callable[[Holding], str],
    start_s: float,
    own_state: Callable[[], dict[str, Any]],
) -> None:
    """
    Args:
        flags: the settings, by name.
        directory: of a holding's run, as others are told it.
        start_s: by the wall clock.
        own_state: what else `/state` says, see `json_pieces`.
    """

    async def show_state(request: web.Request) -> web.StreamResponse:
        def document() -> dict[str, Any]:
            picture = _picture(state, flags, directory) | {"start_time": start_s}
            return own_state() | picture

        return await listing_answer(request, renderer, "state", document)

    async def show_flags(request: web.Request) -> web.StreamResponse:
        return await json_answer(request, {"flags": dict(flags)})

    async def show_version(request: web.Request) -> web.StreamResponse:
        return await json_answer(request, version_document())

    async def show_metrics(request: web.Request) -> web.StreamResponse:
        return await json_answer(request, metrics.take())

    async def show_system(request: web.Request) -> web.StreamResponse:
        taken = metrics.system()
        return await json_answer(request, {name: taken[metric] for name, metric in _SYSTEM.items()})

    add_everywhere(app, "/state", show_state)
    add_everywhere(app, "/flags", show_flags)
    add_everywhere(app, "/version", show_version)
    add_everywhere(app, "/metrics/snapshot", show_metrics)
    add_everywhere(app, "/system/stats", show_system)


def _picture(
    state: AgentState, flags: Mapping[str, str], directory: Callable[[Holding], str]
) -> dict[str, Any]:
    held = by_framework(state, holdings(state))
    return {
        **version_document(),
        "id": state.agent_id,
        "pid": f"slave(1)@{state.endpoint}",
        "hostname": state.info.hostname,
        "capabilities": list(CAPABILITIES),
        "resources": flat_resources(state.info.resources),
        "attributes": {a.name: a.text for a in state.info.attributes},
        "flags": dict(flags),
        "frameworks": (_framework(*each, directory) for each in held.items()),
        "completed_frameworks": [],
    }


def _framework(
    framework_id: FrameworkId, held: list[Holding], directory: Callable[[Holding], str]
) -> dict[str, Any]:
    known = next((h.executor.notes.framework for h in held if h.executor is not None), None)
    show = partial(_executor, directory=directory)
    users = (task.user for holding in held for task in holding.tasks if task.user)
    return {
        "id": framework_id,
        "name": "" if known is None else known.name,
        "user": next(users, "") if known is None else known.user,
        "executors": map(show, [holding for holding in held if holding.is_live]),
        "completed_executors": map(show, [holding for holding in held if not holding.is_live]),
    }


def _executor(holding: Holding, directory: Callable[[Holding], str]) -> dict[str, Any]:
    live = [task for task in holding.tasks if task.is_live]
    ended = [task for task in holding.tasks if not task.is_live]
    return {
        "id": holding.key.task_id,
        "name": holding.name,
        "source": holding.source,
        "container": container_id(holding.key, holding.fence),
        "directory": directory(holding),
        "resources": flat_resources(holding.resources),
        "tasks": map(_task, [task for task in live if task.phase not in _QUEUED]),
        "queued_tasks": map(_task, [task for task in live if task.phase in _QUEUED]),
        "completed_tasks": map(_task, ended),
    }


def _task(task: Task) -> dict[str, Any]:
    labels = () if task.info is None else task.info.labels
    return {
        "id": task.key.task_id,
        "name": task.notes.name,
        "framework_id": task.key.framework_id,
        "executor_id": task.notes.executor_id or "",
        "state": f"TASK_{task.state.name}",
        "resources": flat_resources(resources_of(task)),
        "statuses": [_status(update) for update in task.stream.untaken],
        "labels": [{"key": name, "value": text} for name, text in labels],
    }


def _status(update: StatusUpdate) -> dict[str, Any]:
    status: dict[str, Any] = {
        "state": f"TASK_{update.state.name}",
        "timestamp": update.timestamp_ms / 1000,
    }
    if update.healthy is not None:
        status["healthy"] = update.healthy
    place = update.container
    if place is not None:
        addresses = [{"ip_address": place.ip_address}] if place.ip_address else []
        status["container_status"] = {
            "container_id": {"value": place.container_id},
            "executor_pid": place.pid,
            "network_infos": [{"ip_addresses": addresses}],
        }
    return status
