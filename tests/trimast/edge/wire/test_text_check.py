"""A string of a message that is not UTF-8 is named, wherever it is."""

import pytest
from google.protobuf.message import Message

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.wire import text_check
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.text_check import check_text

GOOD = "good"
BAD = b"ba\xff\xfed"


def spoiled(message: Message) -> Message:
    """As it comes from somebody who cares less."""
    data = message.SerializePartialToString().replace(b"spoil", BAD)
    return type(message).FromString(data)


def a_call() -> scheduler_pb2.Call:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.ACCEPT)
    call.framework_id.value = GOOD
    operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
    for _ in range(2):
        task = operation.launch.task_infos.add(name=GOOD)
        task.limits["cpus"].value = 1.0
        task.command.arguments.append(GOOD)
    return call


def spoil_name(call: scheduler_pb2.Call) -> None:
    call.accept.operations[0].launch.task_infos[1].name = "spoil"


def spoil_argument(call: scheduler_pb2.Call) -> None:
    call.accept.operations[0].launch.task_infos[1].command.arguments.append("spoil")


def spoil_key(call: scheduler_pb2.Call) -> None:
    call.accept.operations[0].launch.task_infos[1].limits["spoil"].value = 1.0


def spoil_id(call: scheduler_pb2.Call) -> None:
    call.framework_id.value = "spoil"


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (spoil_id, "framework_id.value"),
        (spoil_name, "accept.operations.launch.task_infos.name"),
        (spoil_argument, "accept.operations.launch.task_infos.command.arguments"),
        (spoil_key, "accept.operations.launch.task_infos.limits"),
    ],
)
def test_it_is_named(spoil: object, path: str) -> None:
    call = a_call()
    assert callable(spoil)
    spoil(call)
    with pytest.raises(BadMessage, match=f"^'{path}' is not valid UTF-8$"):
        check_text(spoiled(call))


def test_text_is_taken_and_so_are_bytes() -> None:
    call = a_call()
    call.acknowledge.uuid = BAD
    check_text(call)


def test_more_messages_than_anybody_would_look_at_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_check, "MESSAGES_MAX", 10)
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.RECONCILE)
    for _ in range(4):
        call.reconcile.tasks.add().task_id.value = "t"
    check_text(call)  # Itself, its body, and two for each task.
    call.reconcile.tasks.add().task_id.value = "t"
    with pytest.raises(BadMessage, match="more than 10 messages"):
        check_text(call)
