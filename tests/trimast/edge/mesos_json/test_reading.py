"""What clients send, and what they are told when it cannot be read."""

import contextlib
import json
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.wire.bad_message import BadMessage

INFO = {"user": "u", "name": "n"}


def read(kind: type[Message], value: Any) -> Any:
    return message_from_json(json.dumps(value).encode(), kind)


def test_strings_may_stand_for_numbers_and_booleans() -> None:
    info = read(mesos_pb2.FrameworkInfo, INFO | {"checkpoint": "true", "failover_timeout": "2.5"})
    assert info.checkpoint is True
    assert info.failover_timeout == 2.5
    assert read(mesos_pb2.DurationInfo, {"nanoseconds": "5"}).nanoseconds == 5
    assert read(mesos_pb2.DurationInfo, {"nanoseconds": 5e9}).nanoseconds == 5_000_000_000


def test_one_value_may_stand_for_a_list_of_it() -> None:
    info = read(
        mesos_pb2.FrameworkInfo,
        INFO | {"capabilities": {"type": "MULTI_ROLE"}, "roles": "r"},
    )
    assert [c.type for c in info.capabilities] == [mesos_pb2.FrameworkInfo.Capability.MULTI_ROLE]
    assert list(info.roles) == ["r"]


def test_what_is_unknown_or_null_is_not_set() -> None:
    info = read(mesos_pb2.FrameworkInfo, INFO | {"webuiUrl": "x", "id": None, "roles": [None]})
    assert info == mesos_pb2.FrameworkInfo(user="u", name="n")


def test_a_name_an_enum_does_not_have_is_not_set() -> None:
    assert not read(scheduler_pb2.Call, {"type": "DANCE"}).HasField("type")
    with pytest.raises(BadMessage, match="Missing required fields: state"):
        read(mesos_pb2.TaskStatus, {"task_id": {"value": "t"}, "state": "TASK_DANCING"})


def test_a_map_is_an_object() -> None:
    task = {"name": "n", "task_id": {"value": "t"}, "agent_id": {"value": "a"}}
    read_task = read(mesos_pb2.TaskInfo, task | {"limits": {"mem": {"value": "Infinity"}}})
    assert read_task.limits["mem"].value == float("inf")


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"user": 5}, "user: expecting a string, not 5"),
        ({"checkpoint": 1}, "checkpoint: expecting true or false, not 1"),
        ({"failover_timeout": True}, "failover_timeout: expecting a number, not true"),
        ({"failover_timeout": "5s"}, 'failover_timeout: expecting a number, not "5s"'),
        ({"roles": [["r"]]}, r'roles\[0\]: expecting a string, not \["r"\]'),
        ({"id": "f"}, 'id: expecting an object, not "f"'),
        ({"capabilities": [{"type": 1}]}, r"capabilities\[0\].type: expecting the name of a Type"),
        ({"labels": {"labels": [{"key": 1}]}}, r"labels.labels\[0\].key: expecting a string"),
        ({"name": "\ud800"}, "name: the string has half of a surrogate pair"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_would(
    part: dict[str, Any], fault: str
) -> None:
    with pytest.raises(
        BadMessage, match=f"Failed to convert JSON into FrameworkInfo protobuf: {fault}"
    ):
        read(mesos_pb2.FrameworkInfo, INFO | part)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 1.5, "1.5", "0x5", True])
def test_an_integer_has_its_bounds(number: object) -> None:
    with pytest.raises(BadMessage, match="expecting an integer from -9223372036854775808 to"):
        read(mesos_pb2.DurationInfo, {"nanoseconds": number})


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"5", b"{", b'{"a":NaN}', b"\xff", b"[" * 100_000, b'{"a":' + b"9" * 9_999],
)
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage, match="Failed to parse body into JSON: "):
        message_from_json(data, scheduler_pb2.Call)


def test_size_and_depth_have_a_limit() -> None:
    with pytest.raises(BadMessage, match="more than 10 bytes"):
        message_from_json(b'{"a":    1}', scheduler_pb2.Call, bytes_max=10)
    deep: dict[str, Any] = {"value": "x"}
    for _ in range(70):
        deep = {"value": "x", "parent": deep}
    with pytest.raises(BadMessage, match="more than 64 messages are nested"):
        read(mesos_pb2.ContainerID, deep)


def test_what_must_be_there_is_named() -> None:
    with pytest.raises(BadMessage, match=r"protobuf: Missing required fields: .*agent_id"):
        read(mesos_pb2.TaskInfo, {"name": "n", "task_id": {"value": "t"}})


_KEYS: st.SearchStrategy[str] = (
    st.sampled_from(sorted(f.name for f in scheduler_pb2.Call.DESCRIPTOR.fields)) | st.text()
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner),
    max_leaves=20,
)


@given(st.dictionaries(_KEYS, _JSON))
def test_whatever_comes_is_read_or_refused(value: dict[str, Any]) -> None:
    data = json.dumps(value).encode()
    with contextlib.suppress(BadMessage):
        assert message_from_json(data, scheduler_pb2.Call).IsInitialized()


def test_more_values_than_are_good_for_anybody_are_refused() -> None:
    many = b'{"type":"REVIVE","unknown":[%b]}' % b",".join([b"{}"] * 60_000)
    with pytest.raises(BadMessage, match="more than 100000 values"):
        message_from_json(many, scheduler_pb2.Call)
    long = b'{"type":"REVIVE","unknown":"%b"}' % (b"x" * 1_000_000)
    assert message_from_json(long, scheduler_pb2.Call).type == scheduler_pb2.Call.REVIVE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_is_utf_8_and_nothing_is_guessed(encoding: str) -> None:
    with pytest.raises(BadMessage, match="Failed to parse body into JSON"):
        message_from_json('{"type":"REVIVE"}'.encode(encoding), scheduler_pb2.Call)
