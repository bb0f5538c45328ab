"""What clients see: each of these has broken one that exists."""

import json

from hypothesis import given
from hypothesis import strategies as st

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.executor import executor_pb2
from protos.mesos.v1.master import master_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.trimast.edge.mesos_json.messages import messages, set_defaults
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.mesos_json.writing import json_pieces, message_to_json


def test_an_offer_is_written_as_clients_know_it() -> None:
    event = scheduler_pb2.Event(type=scheduler_pb2.Event.OFFERS)
    offer = event.offers.offers.add(hostname="h")
    offer.id.value, offer.framework_id.value, offer.agent_id.value = "o", "f", "a"
    cpus = offer.resources.add(name="cpus", type=mesos_pb2.Value.SCALAR)
    cpus.scalar.value = 4
    ports = offer.resources.add(name="ports", type=mesos_pb2.Value.RANGES)
    ports.ranges.range.add(begin=31000, end=32000)
    assert message_to_json(event) == (
        b'{"type":"OFFERS","offers":{"offers":[{"id":{"value":"o"},"framework_id":{"value":"f"},'
        b'"agent_id":{"value":"a"},"hostname":"h","resources":[{"name":"cpus","type":"SCALAR",'
        b'"scalar":{"value":4.0}},{"name":"ports","type":"RANGES","ranges":{"range":'
        b'[{"begin":31000,"end":32000}]}}]}]}}'
    )


def test_what_is_unset_but_has_a_default_is_written_with_it() -> None:
    info = mesos_pb2.FrameworkInfo(user="u", name="n")
    assert json.loads(message_to_json(info)) == {
        "user": "u",
        "name": "n",
        "failover_timeout": 0.0,
        "checkpoint": False,
    }
    command = mesos_pb2.CommandInfo(value="true")
    assert json.loads(message_to_json(command)) == {"value": "true", "shell": True}


def test_a_deprecated_default_is_written_only_when_it_is_set() -> None:
    assert b"role" not in message_to_json(mesos_pb2.FrameworkInfo(user="u", name="n"))
    assert b'"role":"*"' in message_to_json(mesos_pb2.FrameworkInfo(user="u", name="n", role="*"))


def test_large_integers_are_numbers() -> None:
    duration = mesos_pb2.DurationInfo(nanoseconds=2**62)
    assert message_to_json(duration) == b'{"nanoseconds":4611686018427387904}'


def test_bytes_are_base64_and_everything_is_ascii_on_one_line() -> None:
    status = mesos_pb2.TaskStatus(
        state=mesos_pb2.TASK_RUNNING, uuid=bytes(range(16)), message="é\n\u20ac"
    )
    status.task_id.value = "t"
    assert message_to_json(status) == (
        b'{"task_id":{"value":"t"},"state":"TASK_RUNNING","message":"\\u00e9\\n\\u20ac",'
        b'"uuid":"AAECAwQFBgcICQoLDA0ODw=="}'
    )


def test_a_map_is_an_object_and_what_is_endless_a_string() -> None:
    task = mesos_pb2.TaskInfo(name="n")
    task.task_id.value = task.agent_id.value = "x"
    task.limits["mem"].value = float("inf")
    assert json.loads(message_to_json(task))["limits"] == {"mem": {"value": "Infinity"}}


@given(st.data())
def test_json_and_protobuf_carry_the_same_message(data: st.DataObject) -> None:
    kinds = (
        scheduler_pb2.Event,
        scheduler_pb2.Call,
        executor_pb2.Event,
        executor_pb2.Call,
        master_pb2.Response,
    )
    kind = data.draw(st.sampled_from(kinds))
    message = data.draw(messages(kind))
    text = message_to_json(message)
    assert text.isascii()
    assert b"\n" not in text
    set_defaults(message)
    assert message_from_json(text, kind) == message


@given(st.data(), st.integers(-1, 60))
def test_in_pieces_it_is_the_same(data: st.DataObject, whole_bytes: int) -> None:
    for kind in (scheduler_pb2.Event, master_pb2.Response):
        message = data.draw(messages(kind))
        whole = json.loads(message_to_json(message))
        assert json.loads("".join(json_pieces(message, whole_bytes))) == whole


def test_the_pieces_of_what_holds_many_are_small() -> None:
    response = master_pb2.Response(type=master_pb2.Response.GET_TASKS)
    for number in range(1_000):
        task = response.get_tasks.tasks.add(name=f"t{number}", state=mesos_pb2.TASK_RUNNING)
        task.task_id.value = task.framework_id.value = task.agent_id.value = "x"
    pieces = list(json_pieces(response))
    assert len(pieces) > 1_000
    assert max(map(len, pieces)) < 1_000
    assert list(json_pieces(response.get_tasks.tasks[0])) != []
