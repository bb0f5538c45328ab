"""TaskInfo <-> mesos.v1.TaskInfo, as far as command tasks go."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.container_codec import container_from_proto, container_to_proto
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.edge.wire.limits_codec import limits_from_proto, limits_to_proto
from trimast.edge.wire.resources_codec import resources_from_proto, resources_to_proto
from trimast.edge.wire.uri_codec import uri_to_proto, uris_from_proto
from trimast.model.container import ContainerInfo
from trimast.model.ids import AgentId, TaskId, fault_of_id
from trimast.model.task import CommandInfo, TaskInfo

_MS_IN_NS = 1_000_000
_LATER = {"health_check", "check", "max_completion_time"}
_ARGUMENT_BYTES_MAX = 128 * 1024


def task_info_from_proto(message: mesos_pb2.TaskInfo) -> TaskInfo:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    fault = fault_of_id(message.task_id.value)
    if fault is not None:
        raise BadMessage(f"Task has invalid ID: {fault}")
    if message.HasField("executor") == message.HasField("command"):
        raise BadMessage(
            "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
        )
    if message.HasField("executor"):
        raise BadMessage("Custom executors are not supported yet; give the task a command")
    for field, _ in message.ListFields():
        if field.name in _LATER:
            raise BadMessage(f"Task uses {field.name}, which is not supported yet")
    resources = resources_from_proto(message.resources)
    if resources.is_empty:
        raise BadMessage("Task uses no resources")
    return TaskInfo(
        task_id=TaskId(message.task_id.value),
        name=message.name,
        agent_id=AgentId(message.agent_id.value),
        resources=resources,
        command=_command_from_proto(message.command),
        kill_grace_ms=_kill_grace_ms(message),
        labels=labels_from_proto(message.labels),
        data=message.data,
        limits=limits_from_proto(message.limits, resources),
        container=_container_from_proto(message),
    )


def task_info_to_proto(task: TaskInfo) -> mesos_pb2.TaskInfo:
    message = mesos_pb2.TaskInfo(
        name=task.name,
        task_id=mesos_pb2.TaskID(value=task.task_id),
        agent_id=mesos_pb2.AgentID(value=task.agent_id),
        resources=resources_to_proto(task.resources),
        command=_command_to_proto(task.command),
    )
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


def _kill_grace_ms(message: mesos_pb2.TaskInfo) -> int | None:
    return (
        kill_grace_ms_from_proto(message.kill_policy) if message.HasField("kill_policy") else None
    )


def _command_from_proto(message: mesos_pb2.CommandInfo) -> CommandInfo:
    if not message.value:
        raise BadMessage("Task's command has no value: say what to run")
    environment = tuple(_variable(v) for v in message.environment.variables)
    for text in (message.value, *message.arguments, *(f"{n}={v}" for n, v in environment)):
        if "\0" in text:
            raise BadMessage("Task's command has a NUL character")
        if len(text.encode(errors="surrogatepass")) >= _ARGUMENT_BYTES_MAX:
            raise BadMessage(
                f"Task's command has an argument or variable of {_ARGUMENT_BYTES_MAX} bytes or more"
            )
    return CommandInfo(
        value=message.value,
        shell=message.shell,
        arguments=tuple(message.arguments),
        environment=environment,
        user=message.user,
        uris=uris_from_proto(message.uris),
    )


def _variable(variable: mesos_pb2.Environment.Variable) -> tuple[str, str]:
    if not variable.name or "=" in variable.name:
        raise BadMessage(f"Environment variable {variable.name!r} must have a name without '='")
    if variable.HasField("secret") or not variable.HasField("value"):
        raise BadMessage(
            f"Environment variable '{variable.name}' of type 'VALUE' must have a value set"
        )
    return variable.name, variable.value


def _command_to_proto(command: CommandInfo) -> mesos_pb2.CommandInfo:
    message = mesos_pb2.CommandInfo(
        value=command.value,
        shell=command.shell,
        arguments=command.arguments,
        uris=map(uri_to_proto, command.uris),
    )
    for name, value in command.environment:
        message.environment.variables.add(name=name, value=value)
    if command.user:
        message.user = command.user
    return message
