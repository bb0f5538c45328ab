"""JSON is preferred, and meant where nothing is said; the words of refusals are those of Mesos."""

import pytest
from aiohttp.test_utils import make_mocked_request

from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.mesos_http import JSON, PROTOBUF, Refusal, accepted_type, encoded


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*;q=0.5", JSON),
        (JSON, JSON),
        (PROTOBUF, PROTOBUF),
        (f"{PROTOBUF}, {JSON};q=0.1", JSON),
        (f"text/html, {PROTOBUF}", PROTOBUF),
    ],
)
def test_what_is_accepted(accept: str | None, kind: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert accepted_type(make_mocked_request("POST", "/", headers)) == kind


def test_a_client_that_takes_neither_is_told() -> None:
    with pytest.raises(Refusal, match="Expecting 'Accept'") as refusal:
        accepted_type(make_mocked_request("POST", "/", {"Accept": "text/html"}))
    assert refusal.value.as_response().status == 406


def test_a_wrong_method_is_answered_with_the_right_one() -> None:
    assert Refusal(405, "no").as_response().headers["Allow"] == "POST"


def test_the_same_message_goes_out_as_either() -> None:
    event = scheduler_pb2.Event(type=scheduler_pb2.Event.HEARTBEAT)
    assert encoded(event, JSON) == b'{"type":"HEARTBEAT"}'
    assert scheduler_pb2.Event.FromString(encoded(event, PROTOBUF)) == event
