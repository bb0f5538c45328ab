"""In what an answer goes back, by what is accepted."""

import pytest
from aiohttp.test_utils import make_mocked_request

from agent.edge.mesos.asking import (
    Answering,
    answering,
    call_from_record,
    record_type_of_request,
)
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Refusal
from trimast.edge.wire.bad_message import BadMessage

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
RECORDIO = "application/recordio"


def answered(*, is_stream: bool, **headers: str) -> Answering | int:
    """Or the status of the refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return answering(make_mocked_request("POST", "/", named), is_stream=is_stream)
    except Refusal as refusal:
        return refusal.status


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", JSON),
        (JSON, JSON),
        (PROTOBUF, PROTOBUF),
        (f"{RECORDIO}, {PROTOBUF}, {JSON};q=0.1", JSON),
        (f"{RECORDIO}, {PROTOBUF}", PROTOBUF),
    ],
)
def test_json_is_preferred_and_then_protobuf(accept: str, kind: str, is_stream: bool) -> None:
    assert answered(is_stream=is_stream, Accept=accept) == Answering(kind, kind)


def test_what_is_not_said_is_json() -> None:
    assert answered(is_stream=True) == Answering(JSON, JSON)
    assert answered(is_stream=True, Accept=RECORDIO) == Answering(RECORDIO, JSON)


def test_records_have_a_type_of_their_own() -> None:
    answer = answered(is_stream=True, Accept=RECORDIO, Message_Accept=PROTOBUF)
    assert answer == Answering(RECORDIO, PROTOBUF)
    assert isinstance(answer, Answering)
    expected = {"Content-Type": RECORDIO, "Message-Content-Type": PROTOBUF}
    assert answer.stream_headers == expected
    assert Answering(JSON, JSON).stream_headers == {"Content-Type": JSON}


@pytest.mark.parametrize(
    ("is_stream", "headers"),
    [
        (False, {"Accept": RECORDIO}),
        (True, {"Accept": "text/plain"}),
        (True, {"Accept": JSON, "Message_Accept": JSON}),
        (True, {"Accept": RECORDIO, "Message_Accept": "text/plain"}),
    ],
)
def test_what_cannot_be_given_is_refused(is_stream: bool, headers: dict[str, str]) -> None:
    assert answered(is_stream=is_stream, **headers) == 406


@pytest.mark.parametrize(("kind", "status"), [(None, 400), ("text/plain", 415)])
def test_a_stream_says_of_what_its_records_are(kind: str | None, status: int) -> None:
    headers = {} if kind is None else {"Message-Content-Type": kind}
    with pytest.raises(Refusal) as refusal:
        record_type_of_request(make_mocked_request("POST", "/", headers))
    assert refusal.value.status == status


def test_records_are_calls_in_either_encoding() -> None:
    call = agent_pb2.Call(type=agent_pb2.Call.GET_HEALTH)
    assert call_from_record(b'{"type":"GET_HEALTH"}', JSON) == call
    assert call_from_record(call.SerializeToString(), PROTOBUF) == call
    with pytest.raises(BadMessage, match="protobuf"):
        call_from_record(b"\xff", PROTOBUF)
