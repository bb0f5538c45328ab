"""All that an agent serves on its HTTP port."""

from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from agent.config import ALWAYS, ONLY_ON_LOOPBACK, AgentConfig
from agent.edge.agent_metrics import AgentMetrics
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.exec_page import ExecPage, is_loopback
from agent.edge.executors.executor_api import ExecutorApi
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.edge.http_pages import add_pages
from agent.edge.sandbox.files_api import FilesApi
from agent.edge.sandbox.files_places import FilePlaces
from agent.edge.sandbox.log_rotation import LogRotation
from agent.edge.sandbox.sandbox_page import add_sandbox_page
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.edge.usage_pages import add_usage_pages
from agent.events import AgentEvent
from agent.state import AgentState


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
    executors: ExecutorStreams,
    submit: Callable[[AgentEvent], None],
) -> None:
    """
    Args:
        masters: the addresses known by now.
        submit: is told what executors say.
    """
    add_pages(
        app,
        state,
        masters=masters,
        work_dir=work_dir,
        isolation=containerizer.isolation,
    )
    add_sandbox_page(app, sandboxes, logs.lock)
    add_usage_pages(app, state, containerizer.usage)
    FilesApi(FilePlaces(sandboxes, work_dir), logs.lock).add_to(app)
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


def may_exec(config: AgentConfig) -> bool:
    if config.allow_exec == ONLY_ON_LOOPBACK:
        return is_loopback(config.http_host)
    return config.allow_exec == ALWAYS
