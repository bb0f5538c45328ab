"""CommandInfo <-> mesos.v1.CommandInfo."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.uri_codec import uri_to_proto, uris_from_proto
from trimast.model.command import CommandInfo

_ARGUMENT_BYTES_MAX = 128 * 1024


def command_from_proto(
    message: mesos_pb2.CommandInfo, whose: str = "Task", *, has_image: bool = False
) -> CommandInfo:
    """
    Args:
        has_image: which may say itself what to run.
    """
    if not message.value and (message.shell or not has_image):
        raise BadMessage(f"{whose}'s command has no value: say what to run")
    environment = tuple(_variable(v) for v in message.environment.variables)
    for text in (message.value, *message.arguments, *(f"{n}={v}" for n, v in environment)):
        if "\0" in text:
            raise BadMessage(f"{whose}'s command has a NUL character")
        if len(text.encode(errors="surrogatepass")) >= _ARGUMENT_BYTES_MAX:
            limit = f"{_ARGUMENT_BYTES_MAX} bytes or more"
            raise BadMessage(f"{whose}'s command has an argument or variable of {limit}")
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


def command_to_proto(command: CommandInfo) -> mesos_pb2.CommandInfo:
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
