"""Bad JSON, protobuf and RecordIO: a named 400, and nobody else notices.

The numbers are those of the list of bad inputs that every part is tried with.
"""

import pytest

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.hostile import ask, post, unharmed
from tests.conformance.strict_client import as_json
from tests.conformance.told import FRAMEWORK, OPERATOR, PROTOBUF, SCHEDULER, Served

SUBSCRIBE = as_json({"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}})
DEEP = 100_000


def status_of(lone: Served, body: bytes, *, kind: str = "application/json") -> int:
    statuses = {ask(lone.leader, post(path, body, kind=kind))[0] for path in (OPERATOR, SCHEDULER)}
    assert len(statuses) == 1, statuses
    return statuses.pop()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'{"type":"GET_HEALTH","a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    ],
    ids=["arrays", "closed arrays", "objects", "closed objects", "inside"],
)
def test_11_nesting(lone: Served, body: bytes) -> None:
    with unharmed(lone):
        assert status_of(lone, body) == 400


@pytest.mark.parametrize(
    "value",
    [
        b"1" * 1_000_000,
        b"1e400",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b"-0",
        b"99999999999999999999",
        b'"\\ud800"',
        b'"\xff\xfe"',
        b'"unterminated',
        b"\xef\xbb\xbf1",
        b"{}{}",
        b"'single'",
        b"01",
        b"+1",
        b"0x10",
        b"// comment\n1",
        b"[1,]",
    ],
    ids=lambda value: repr(value[:16]),
)
def test_12_numbers_and_strings_that_are_none(lone: Served, value: bytes) -> None:
    body = b'{"type":"READ_FILE","read_file":{"path":"x","offset":%b}}' % value
    with unharmed(lone):
        status, _ = ask(lone.leader, post(OPERATOR, body))
    assert status == 400 if value != b"-0" else 501


def test_12_a_mark_of_byte_order_and_keys_that_stand_twice(lone: Served) -> None:
    with unharmed(lone):
        status, _ = ask(lone.leader, post(OPERATOR, b'\xef\xbb\xbf{"type":"GET_HEALTH"}'))
        assert status == 400
        status, _ = ask(lone.leader, post(OPERATOR, b'{"type":"NO","type":"GET_HEALTH"}'))
        assert status == 200  # The last counts, as with others who read JSON.


def test_13_a_body_of_64_mib(lone: Served) -> None:
    with unharmed(lone):
        body = b'{"type":"' + b"x" * (64 * 1024 * 1024) + b'"}'
        assert ask(lone.leader, post(OPERATOR, body))[0] in {0, 413}


def test_13_many_keys_and_many_values(lone: Served) -> None:
    keys = b",".join(b'"%d":0' % number for number in range(300_000))
    objects = b",".join([b'{"a":{"b":[]}}'] * 250_000)
    with unharmed(lone):
        for body in (b"{%b}" % keys, b'{"type":[%b]}' % objects):
            status, answer = ask(lone.leader, post(OPERATOR, body))
            assert status == 400
            assert b"more than 100000 values" in answer
        few = b",".join(b'"%d":0' % number for number in range(50_000))
        assert ask(lone.leader, post(OPERATOR, b'{"type":"GET_HEALTH",%b}' % few))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\xff\xff\xff\xff\x07",
        b"\x0b" * DEEP,
        b"\x0b" * 50 + b"\x0c" * 49,
        b"\x0c",
        b"\x00\x00",
        b"\xff" * 64,
        b"\x12\x02\x0a\x7f",
    ],
    ids=["varint", "2 GiB", "groups", "open group", "end", "tag 0", "ff", "short"],
)
def test_14_protobuf_that_is_none(lone: Served, body: bytes) -> None:
    with unharmed(lone):
        assert status_of(lone, body, kind=PROTOBUF) == 400


def test_14_json_that_is_no_call(lone: Served) -> None:
    with unharmed(lone):
        for body in (b"[]", b"1", b"null", b'"x"', b"{}", b'{"type":1}', b'{"type":{}}'):
            assert status_of(lone, body) == 400
        for body in (b'{"type":"KILL"}', b'{"type":"KILL","kill":[]}', b'{"type":"KILL","kill":1}'):
            assert ask(lone.leader, post(SCHEDULER, body))[0] == 400


def test_14_fields_that_are_not_known_are_passed_over(lone: Served) -> None:
    with unharmed(lone):
        known = b'{"type":"GET_HEALTH","unknown":{"deep":[1,{"er":null}]}}'
        assert ask(lone.leader, post(OPERATOR, known))[0] == 200
        unknown_field = b"\xfa\x7f\x03abc"
        in_protobuf = b"\x08\x01" + unknown_field
        assert ask(lone.leader, post(OPERATOR, in_protobuf, kind=PROTOBUF))[0] == 200


@pytest.mark.parametrize(
    "body",
    [b"-1\n{}", b"1" + b"0" * 30 + b"\n{}", b"2{}", b"99\n{}", b"\n{}", b"20\n" + SUBSCRIBE],
    ids=["-1", "1e30", "no line break", "longer than it is", "none", "wrong"],
)
def test_15_records_where_a_message_belongs(lone: Served, body: bytes) -> None:
    with unharmed(lone):
        assert status_of(lone, body) == 400
        assert status_of(lone, body, kind="application/recordio") == 415


def a_call() -> scheduler_pb2.Call:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.ACCEPT)
    call.framework_id.value = "f"
    call.accept.offer_ids.add().value = "o"
    operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
    task = operation.launch.task_infos.add(name="n")
    task.task_id.value, task.agent_id.value = "t", "a"
    task.resources.add(name="cpus", type=mesos_pb2.Value.SCALAR).scalar.value = 1.0
    task.command.value = "true"
    return call


def test_16_calls_that_are_cut_anywhere(lone: Served) -> None:
    whole = a_call().SerializeToString()
    with unharmed(lone):
        for end in range(len(whole)):
            status, _ = ask(lone.leader, post(SCHEDULER, whole[:end], kind=PROTOBUF))
            assert status == 400, end
        for end in range(len(SUBSCRIBE)):
            status, _ = ask(lone.leader, post(SCHEDULER, SUBSCRIBE[:end]))
            assert status == 400, end
