"""Agents, frameworks, tasks and executors as the operators' API of Mesos has them."""

from collections.abc import Iterable
from typing import Final

from master.registry.records import AgentRecord, FrameworkRecord, FrameworkState, TaskRecord
from master.views.mesos.agents import AGENT_PROCESS, CAPABILITIES
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.master import master_pb2
from trimast.edge.wire.agent_codec import agent_info_to_proto
from trimast.edge.wire.check_codec import health_check_to_proto
from trimast.edge.wire.container_codec import container_to_proto
from trimast.edge.wire.executor_codec import executor_info_to_proto
from trimast.edge.wire.framework_codec import framework_info_to_proto
from trimast.edge.wire.labels_codec import labels_to_proto
from trimast.edge.wire.limits_codec import limits_to_proto
from trimast.edge.wire.offer_codec import offer_to_proto
from trimast.edge.wire.resources_codec import resources_to_proto
from trimast.edge.wire.status_codec import status_to_proto, task_state_to_proto
from trimast.model.offer import Offer
from trimast.model.resources import Resources, total_of
from trimast.model.task_lifecycle import TaskState

_Agent = master_pb2.Response.GetAgents.Agent
_Framework = master_pb2.Response.GetFrameworks.Framework
_Executor = master_pb2.Response.GetExecutors.Executor
_NS_IN_MS = 1_000_000
_MAY_BE_EMPTY: Final = ("principal", "hostname", "webui_url", "labels")
"""What a framework has not said is not shown as if it had said nothing."""


def agent_to_proto(
    agent: AgentRecord, *, total: Resources, used: Resources, offered: Resources, active: bool
) -> _Agent:
    info = agent.info
    message = _Agent(
        agent_info=agent_info_to_proto(info),
        active=active,
        deactivated=False,
        version=info.version,
        pid=f"{AGENT_PROCESS}@{info.hostname}:{info.http_port}",
        registered_time=_time(agent.admitted_at_ms),
        total_resources=resources_to_proto(total),
        allocated_resources=resources_to_proto(used),
        offered_resources=resources_to_proto(offered),
    )
    message.agent_info.id.value = agent.agent_id
    for name in CAPABILITIES:
        message.capabilities.add(type=mesos_pb2.AgentInfo.Capability.Type.Value(name))
    if agent.changed_at_ms != agent.admitted_at_ms:
        message.reregistered_time.CopyFrom(_time(agent.changed_at_ms))
    return message


def framework_to_proto(
    framework: FrameworkRecord, *, held: Resources, offers: Iterable[Offer], connected: bool
) -> _Framework:
    """
    Args:
        held: amounts, over all agents.
    """
    is_over = framework.state is FrameworkState.REMOVED
    offers = list(offers)
    message = _Framework(
        framework_info=framework_info_of(framework),
        active=connected,
        connected=connected,
        recovered=framework.state is FrameworkState.ACTIVE and not connected,
        registered_time=_time(framework.admitted_at_ms),
        offers=[offer_to_proto(offer) for offer in offers],
        allocated_resources=resources_to_proto(held),
        offered_resources=resources_to_proto(total_of(offer.resources for offer in offers)),
    )
    if is_over:
        message.unregistered_time.CopyFrom(_time(framework.changed_at_ms))
    elif framework.subscription > 1:
        message.reregistered_time.CopyFrom(_time(framework.changed_at_ms))
    return message


def task_to_proto(task: TaskRecord, state: TaskState) -> mesos_pb2.Task:
    """
    Args:
        state: as the world is told.
    """
    info = task.info
    message = mesos_pb2.Task(
        name=info.name,
        task_id=mesos_pb2.TaskID(value=info.task_id),
        framework_id=mesos_pb2.FrameworkID(value=task.framework_id),
        agent_id=mesos_pb2.AgentID(value=info.agent_id),
        state=task_state_to_proto(state),
        resources=resources_to_proto(info.resources),
    )
    reports = task.reports
    if task.latest is not None and task.latest not in reports:
        reports = (*reports, task.latest)
    message.statuses.extend(status_to_proto(report) for report in reports)
    if task.latest is not None:
        message.status_update_state = task_state_to_proto(task.latest.state)
    if info.executor is not None:
        message.executor_id.value = info.executor.executor_id
    if info.command.user:
        message.user = info.command.user
    if info.labels:
        message.labels.CopyFrom(labels_to_proto(info.labels))
    if info.container is not None:
        message.container.CopyFrom(container_to_proto(info.container))
    if info.health_check is not None:
        message.health_check.CopyFrom(health_check_to_proto(info.health_check))
    if info.kill_grace_ms is not None:
        message.kill_policy.grace_period.nanoseconds = info.kill_grace_ms * _NS_IN_MS
    limits_to_proto(info.limits, message.limits)
    return message


def executor_to_proto(task: TaskRecord) -> _Executor | None:
    """That of a task; None if it has none of its own."""
    if task.info.executor is None:
        return None
    message = _Executor(executor_info=executor_info_to_proto(task.info.executor))
    message.executor_info.framework_id.value = task.framework_id
    message.agent_id.value = task.agent_id
    return message


def framework_info_of(framework: FrameworkRecord) -> mesos_pb2.FrameworkInfo:
    info = framework_info_to_proto(framework.info)
    info.id.value = framework.framework_id
    for name in _MAY_BE_EMPTY:
        if not getattr(framework.info, name):
            info.ClearField(name)
    return info


def _time(at_ms: int) -> mesos_pb2.TimeInfo:
    return mesos_pb2.TimeInfo(nanoseconds=at_ms * _NS_IN_MS)
