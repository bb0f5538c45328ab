"""Tasks on the wire: whole, or refused with the words that Mesos clients know."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.task_codec import task_info_from_proto, task_info_to_proto
from trimast.model.container import ContainerInfo, ImageInfo
from trimast.model.ids import AgentId, TaskId
from trimast.model.resources import Resources
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.uri import Uri

FULL = TaskInfo(
    task_id=TaskId("t1"),
    name="a task",
    agent_id=AgentId("a1"),
    resources=Resources.of({"cpus": 100, "mem": 32_000}, {"ports": [(31_000, 31_001)]}),
    command=CommandInfo(
        "/bin/echo",
        False,
        ("echo", "hi"),
        (("A", "1"), ("B", "")),
        "nobody",
        (Uri("http://h/a", True, False, True, "b/c"), Uri("/etc/hosts")),
    ),
    kill_grace_ms=1_500,
    labels=(("k", "v"),),
    data=b"\x00\xff",
)


def test_a_task_comes_back_as_it_went() -> None:
    assert task_info_from_proto(task_info_to_proto(FULL)) == FULL


def test_a_command_is_a_shell_line_unless_it_says_otherwise() -> None:
    message = task_info_to_proto(FULL)
    message.command.ClearField("shell")
    assert task_info_from_proto(message).command.shell


def with_image() -> TaskInfo:
    own = CommandInfo("", shell=False, arguments=("--fast",))
    return replace(FULL, command=own, container=ContainerInfo(image=ImageInfo("alpine")))


def test_an_image_may_say_what_to_run() -> None:
    assert task_info_from_proto(task_info_to_proto(with_image())) == with_image()


def test_what_would_happen_outside_of_a_container_is_refused() -> None:
    message = task_info_to_proto(with_image())
    message.health_check.command.value = "true"
    with pytest.raises(BadMessage, match="by HTTP and TCP, not by a command"):
        task_info_from_proto(message)
    message = task_info_to_proto(with_image())
    message.command.shell = True
    with pytest.raises(BadMessage, match="has no value"):
        task_info_from_proto(message)
    message = task_info_to_proto(with_image())
    message.ClearField("command")
    message.executor.executor_id.value = "e"
    message.executor.command.value = "x"
    with pytest.raises(BadMessage, match="must not have a custom executor"):
        task_info_from_proto(message)


Change = Callable[[mesos_pb2.TaskInfo], object]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda t: t.task_id.__setattr__("value", ""), "invalid ID: an id must not be empty"),
        (lambda t: t.task_id.__setattr__("value", "a/b"), "invalid ID: an id has no slash"),
        (lambda t: t.task_id.__setattr__("value", "x" * 256), "at most 255 characters"),
        (lambda t: t.ClearField("command"), "at least one"),
        (lambda t: t.executor.executor_id.__setattr__("value", "e"), "but not both"),
        (lambda t: t.ClearField("resources"), "Task uses no resources"),
        (lambda t: t.command.ClearField("value"), "has no value"),
        (lambda t: t.command.__setattr__("value", "a\0b"), "NUL character"),
        (lambda t: t.command.arguments.append("x" * 200_000), "131072 bytes or more"),
        (lambda t: t.command.uris.add(value="gopher://x/y"), "has the scheme 'gopher'"),
        (
            lambda t: t.command.uris.extend([mesos_pb2.CommandInfo.URI(value="/a")] * 257),
            "259 uris; 256 are allowed",
        ),
        (lambda t: t.command.environment.variables.add(name="A=B", value="1"), "without '='"),
        (lambda t: t.command.environment.variables.add(name="A"), "must have a value set"),
        (lambda t: t.kill_policy.grace_period.__setattr__("nanoseconds", -1), "non-negative"),
        (
            lambda t: t.container.__setattr__("type", mesos_pb2.ContainerInfo.DOCKER),
            "so must have docker",
        ),
        (lambda t: t.health_check.SetInParent(), "HealthCheck must specify 'type'"),
    ],
)
def test_what_is_wrong_with_a_task_is_said(change: Change, fault: str) -> None:
    message = task_info_to_proto(FULL)
    change(message)
    with pytest.raises(BadMessage, match=fault):
        task_info_from_proto(message)
