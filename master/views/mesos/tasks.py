"""Tasks in the older JSON of Mesos."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from master.registry.records import TaskRecord
from master.views.mesos.amounts import amounts_document
from master.views.picture import Picture
from trimast.model.addresses import address_in
from trimast.model.checks import HealthCheck
from trimast.model.framework import DEFAULT_ROLE
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import TaskState

LIMIT_DEFAULT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """
    Attributes:
        limit: how many at most; None for all.
    """

    framework_id: FrameworkId | None = None
    task_id: TaskId | None = None
    limit: int | None = LIMIT_DEFAULT
    offset: int = 0
    oldest_first: bool = False


def selected_tasks(picture: Picture, query: TaskQuery) -> list[TaskRecord]:
    found = [
        task
        for tasks in (picture.completed_tasks, picture.tasks)
        for task in tasks
        if (query.framework_id is None or task.framework_id == query.framework_id)
        and (query.task_id is None or task.info.task_id == query.task_id)
    ]
    found.sort(key=lambda task: (task.launched_at_ms, task.fence), reverse=not query.oldest_first)
    end = None if query.limit is None else query.offset + query.limit
    return found[query.offset : end]


def task_documents(picture: Picture, tasks: Iterable[TaskRecord]) -> Iterable[dict[str, Any]]:
    return (task_document(picture, task) for task in tasks)


def task_document(picture: Picture, task: TaskRecord) -> dict[str, Any]:
    info = task.info
    framework = picture.framework_of(task.framework_id)
    document = {
        "id": info.task_id,
        "name": info.name,
        "framework_id": task.framework_id,
        "executor_id": info.executor.executor_id if info.executor is not None else "",
        "slave_id": info.agent_id,
        "state": state_text(picture.state_of(task)),
        "resources": amounts_document(info.resources),
        "role": framework.info.roles[0] if framework is not None else DEFAULT_ROLE,
        "statuses": _statuses(task, _address(picture, task)),
    }
    user = info.command.user or (framework.info.user if framework is not None else "")
    if user:
        document["user"] = user
    if info.limits:
        document["limits"] = {
            name: "Infinity" if milli is None else milli / 1000 for name, milli in info.limits
        }
    if info.labels:
        document["labels"] = labels_document(info.labels)
    if info.container is not None:
        document["container"] = _container(info.container.image is not None)
    if info.health_check is not None:
        document["health_check"] = _health_check(info.health_check)
    return document


def executor_documents(picture: Picture, tasks: Iterable[TaskRecord]) -> list[dict[str, Any]]:
    """The executors that these tasks have, each once."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for task in tasks:
        executor = task.info.executor
        if executor is None or not task.holds_resources:
            continue
        key = (task.agent_id, executor.executor_id)
        if key not in found:
            framework = picture.framework_of(task.framework_id)
            found[key] = {
                "executor_id": executor.executor_id,
                "name": executor.name,
                "framework_id": task.framework_id,
                "slave_id": task.agent_id,
                "command": {"value": executor.command.value} if executor.command else {},
                "resources": amounts_document(executor.resources),
                "role": framework.info.roles[0] if framework is not None else DEFAULT_ROLE,
                "type": executor.kind.name,
            }
    return list(found.values())


def labels_document(labels: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in labels]


def state_text(state: TaskState) -> str:
    return f"TASK_{state.name}"


def _statuses(task: TaskRecord, address: str | None) -> list[dict[str, Any]]:
    """What is known of how it went: all that its framework has not acknowledged, and the latest."""
    reports = task.reports
    if task.latest is not None and task.latest not in reports:
        reports = (*reports, task.latest)
    return [_status(report, address) for report in reports]


def _status(report: StatusUpdate, address: str | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "state": state_text(report.state),
        "timestamp": report.timestamp_ms / 1000,
    }
    if report.labels:
        document["labels"] = labels_document(report.labels)
    if address is not None:
        document["container_status"] = container_status_document(address)
    if report.healthy is not None:
        document["healthy"] = report.healthy
    return document


def container_status_document(address: str) -> Mapping[str, Any]:
    protocol = "IPv6" if ":" in address else "IPv4"
    addresses = [{"protocol": protocol, "ip_address": address}]
    return {"network_infos": [{"ip_addresses": addresses}]}


def _address(picture: Picture, task: TaskRecord) -> str | None:
    """Tasks have the network of their agent. If that goes by a name, its address is not known."""
    agent = picture.agents.get(task.agent_id)
    return address_in(agent.info.hostname) if agent is not None else None


def _container(has_image: bool) -> dict[str, Any]:
    return {"type": "DOCKER" if has_image else "MESOS"}


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return {
        "type": check.check.probe.kind.name,
        "delay_seconds": check.check.delay_ms / 1000,
        "interval_seconds": check.check.interval_ms / 1000,
        "timeout_seconds": check.check.timeout_ms / 1000,
        "grace_period_seconds": check.grace_ms / 1000,
        "consecutive_failures": check.failures_max,
    }
