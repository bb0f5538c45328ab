"""TaskInfo <-> mesos.v1.TaskInfo."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.check_codec import (
    check_from_proto,
    check_to_proto,
    health_check_from_proto,
    health_check_to_proto,
)
from trimast.edge.wire.command_codec import command_from_proto, command_to_proto
from trimast.edge.wire.container_codec import container_from_proto, container_to_proto
from trimast.edge.wire.executor_codec import executor_info_from_proto, executor_info_to_proto
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.edge.wire.limits_codec import limits_from_proto, limits_to_proto
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.model.container import ContainerInfo
from trimast.model.ids import AgentId, TaskId, fault_of_id
from trimast.model.task import NO_COMMAND, TaskInfo

_MS_IN_NS = 1_000_000
_DEFAULT = mesos_pb2.ExecutorInfo.DEFAULT


def task_info_from_proto(message: mesos_pb2.TaskInfo) -> TaskInfo:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    fault = fault_of_id(message.task_id.value)
    if fault is not None:
        raise BadMessage(f"Task has invalid ID: {fault}")
    is_custom = message.HasField("executor") and message.executor.type != _DEFAULT
    needs_command = not is_custom
    if message.HasField("command") != needs_command:
        raise BadMessage(
            "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
        )
    executor = executor_info_from_proto(message.executor) if message.HasField("executor") else None
    resources = resources_from_proto(message.resources)
    if resources.is_empty:
        raise BadMessage("Task uses no resources")
    container = _container_from_proto(message)
    has_image = container is not None and container.image is not None
    if has_image:
        _refuse_beside_image(message)
    return TaskInfo(
        task_id=TaskId(message.task_id.value),
        name=message.name,
        agent_id=AgentId(message.agent_id.value),
        resources=resources,
        command=(
            command_from_proto(message.command, has_image=has_image)
            if needs_command
            else NO_COMMAND
        ),
        kill_grace_ms=_kill_grace_ms(message),
        labels=labels_from_proto(message.labels),
        data=message.data,
        limits=limits_from_proto(message.limits, resources),
        container=container,
        executor=executor,
        check=check_from_proto(message.check) if message.HasField("check") else None,
        health_check=(
            health_check_from_proto(message.health_check)
            if message.HasField("health_check")
            else None
        ),
        max_completion_ms=_max_completion_ms(message),
    )


def task_info_to_proto(task: TaskInfo) -> mesos_pb2.TaskInfo:
    message = mesos_pb2.TaskInfo(
        name=task.name,
        task_id=mesos_pb2.TaskID(value=task.task_id),
        agent_id=mesos_pb2.AgentID(value=task.agent_id),
        resources=resources_to_proto(task.resources),
    )
    if task.command != NO_COMMAND:
        message.command.CopyFrom(command_to_proto(task.command))
    if task.executor is not None:
        message.executor.CopyFrom(executor_info_to_proto(task.executor))
    if task.check is not None:
        message.check.CopyFrom(check_to_proto(task.check))
    if task.health_check is not None:
        message.health_check.CopyFrom(health_check_to_proto(task.health_check))
    if task.max_completion_ms is not None:
        message.max_completion_time.nanoseconds = task.max_completion_ms * _MS_IN_NS
    if task.kill_grace_ms is not None:
        message.kill_policy.grace_period.nanoseconds = task.kill_grace_ms * _MS_IN_NS
    if task.labels:
        message.labels.CopyFrom(labels_to_proto(task.labels))
    if task.container is not None:
        message.container.CopyFrom(container_to_proto(task.container))
    limits_to_proto(task.limits, message.limits)
    if task.data:
        message.data = task.data
    return message


def kill_grace_ms_from_proto(policy: mesos_pb2.KillPolicy) -> int | None:
    """None if the policy names no grace period."""
    if not policy.HasField("grace_period"):
        return None
    if policy.grace_period.nanoseconds < 0:
        raise BadMessage("Task's 'kill_policy.grace_period' must be non-negative")
    return policy.grace_period.nanoseconds // _MS_IN_NS


def _container_from_proto(message: mesos_pb2.TaskInfo) -> ContainerInfo | None:
    return container_from_proto(message.container) if message.HasField("container") else None


def _refuse_beside_image(message: mesos_pb2.TaskInfo) -> None:
    """What would happen outside of the container, and is not meant so."""
    if message.HasField("executor") and message.executor.type != _DEFAULT:
        raise BadMessage("Task with an image must not have a custom executor")
    if message.check.HasField("command") or message.health_check.HasField("command"):
        raise BadMessage("Task with an image can be checked by HTTP and TCP, not by a command yet")


def _max_completion_ms(message: mesos_pb2.TaskInfo) -> int | None:
    if not message.HasField("max_completion_time"):
        return None
    if message.max_completion_time.nanoseconds < 0:
        raise BadMessage("Task's 'max_completion_time' must be non-negative")
    return message.max_completion_time.nanoseconds // _MS_IN_NS


def _kill_grace_ms(message: mesos_pb2.TaskInfo) -> int | None:
    return (
        kill_grace_ms_from_proto(message.kill_policy) if message.HasField("kill_policy") else None
    )
