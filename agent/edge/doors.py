"""All that an agent serves on its HTTP port."""

from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from agent.config import ALWAYS, ONLY_ON_LOOPBACK, AgentConfig
from agent.edge.agent_metrics import AgentMetrics
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.exec_page import ExecPage, is_loopback
from agent.edge.executors.executor_api import ExecutorApi
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.edge.http_pages import add_health, own_picture
from agent.edge.mesos.file_calls import FileCalls
from agent.edge.mesos.flags import flags_of
from agent.edge.mesos.holdings import Holding
from agent.edge.mesos.legacy_pages import add_legacy_pages
from agent.edge.mesos.nested import NestedContainers
from agent.edge.mesos.nested_calls import NestedCalls
from agent.edge.mesos.operator_api import OperatorApi
from agent.edge.mesos.parents import Parents
from agent.edge.mesos.snapshot import MetricsSnapshot
from agent.edge.sandbox.files_api import FilesApi
from agent.edge.sandbox.files_places import FilePlaces
from agent.edge.sandbox.log_rotation import LogRotation
from agent.edge.sandbox.sandbox_page import add_sandbox_page
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.edge.usage_pages import add_usage_pages
from agent.events import AgentEvent
from agent.state import AgentState
from trimast.edge.clock import monotonic_ms, wall_ms
from trimast.edge.rendering import Renderer


def add_doors(
    app: web.Application,
    state: AgentState,
    config: AgentConfig,
    *,
    work_dir: Path,
    masters: Callable[[], tuple[str, ...]],
    containerizer: LaunchedContainerizer,
    sandboxes: Sandboxes,
    logs: LogRotation,
    metrics: AgentMetrics,
    registry: CollectorRegistry,
    executors: ExecutorStreams,
    submit: Callable[[AgentEvent], None],
) -> None:
    """
    Args:
        masters: the addresses known by now.
        registry: for what is measured at these doors.
        submit: is told what executors say.
    """
    add_health(app, state)
    add_sandbox_page(app, sandboxes, logs.lock)
    renderer = Renderer(registry, "agent")
    add_usage_pages(app, state, renderer, containerizer.usage)
    places = FilePlaces(sandboxes, work_dir)
    FilesApi(places, logs.lock).add_to(app)
    flags = flags_of(config, work_dir)
    snapshot = MetricsSnapshot(
        state, work_dir, ended=metrics.ended, now_s=lambda: monotonic_ms() / 1000
    )
    add_legacy_pages(
        app,
        state,
        flags=flags,
        metrics=snapshot,
        renderer=renderer,
        directory=lambda holding: _directory(state, sandboxes, holding),
        start_s=wall_ms() / 1000,
        own_state=lambda: own_picture(state, masters(), containerizer.isolation()),
    )
    nested = NestedContainers(containerizer.besides, metrics.count_command)
    operator_api = OperatorApi(
        state,
        flags=flags,
        metrics=snapshot,
        renderer=renderer,
        usage=containerizer.usage,
        files=FileCalls(places, logs.lock),
        nested=nested,
        nested_calls=NestedCalls(
            nested,
            Parents(state, sandboxes, containerizer.in_container),
            is_allowed=may_exec(config),
        ),
    )
    operator_api.mount(app)
    exec_page = ExecPage(
        state,
        sandboxes,
        containerizer.besides,
        is_allowed=may_exec(config),
        in_container=containerizer.in_container,
        count=metrics.count_command,
    )
    exec_page.add_to(app)
    ExecutorApi(state, executors, submit, needs_token=config.executor_token).mount(app)


def _directory(state: AgentState, sandboxes: Sandboxes, holding: Holding) -> str:
    if state.agent_id is None:
        return ""
    return str(sandboxes.path(state.agent_id, holding.key, holding.fence))


def may_exec(config: AgentConfig) -> bool:
    if config.allow_exec == ONLY_ON_LOOPBACK:
        return is_loopback(config.http_host)
    return config.allow_exec == ALWAYS
