"""Requests of the clients that there are, to the byte, as each of them writes them.

What is golden is the head of a request, and what is peculiar in its body: `{…}` stands for what
differs from cluster to cluster. Where a client insists on something in the answer, that is checked.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.told import Served

READ_WITHIN_S = 20.0
ENDS_OF_LINES = b"\r\n"


class Wire:
    """A connection to a master, and what came over it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def send(self, head: str, body: bytes) -> None:
        lines = [line.strip() for line in head.strip().splitlines()]
        text = "\r\n".join([*lines, "", ""]).replace("{length}", str(len(body)))
        self._connection.sendall(text.encode() + body)

    def answer(self) -> tuple[int, dict[str, str]]:
        head = self._until(b"\r\n\r\n").decode("ascii")
        first, *lines = head.strip().split("\r\n")
        return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in lines)

    def body(self, headers: dict[str, str]) -> bytes:
        length = int(headers["Content-Length"])
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return body

    def record(self) -> bytes:
        """One chunk, which is one record."""
        size = int(self._until(ENDS_OF_LINES), 16)
        while len(self._received) < size + 2:
            self._more()
        chunk, self._received = self._received[:size], self._received[size + 2 :]
        length, _, record = chunk.partition(b"\n")
        assert int(length) == len(record)
        return record

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._more()
        found, self._received = self._received.split(end, 1)
        return found

    def _more(self) -> None:
        data = self._connection.recv(65_536)
        assert data, "the master hung up"
        self._received += data


@contextmanager
def wire_to(address: str) -> Iterator[Wire]:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=READ_WITHIN_S) as connection:
        yield Wire(connection)


PYMESOS = """
    POST /api/v1/scheduler HTTP/1.1
    Host: {host}
    Content-Type: application/json
    Accept: application/json
    Connection: close
    Content-Length: {length}
"""
AVMESOS = """
    POST /api/v1/scheduler HTTP/1.1
    Host: {host}
    User-Agent: python-requests/2.31.0
    Accept-Encoding: gzip, deflate
    Accept: application/json
    Connection: keep-alive
    Content-Type: application/json
    Content-Length: {length}
"""
MESOS_COMPOSE = """
    POST /api/v1/scheduler HTTP/1.1
    Host: {host}
    User-Agent: Go-http-client/1.1
    Content-Length: {length}
    Content-Type: application/json
    Accept-Encoding: gzip
"""
WITHOUT_ACCEPT = """
    POST /api/v1/scheduler HTTP/1.1
    Host: {host}
    Content-Type: application/json
    Content-Length: {length}
    Connection: keep-alive
"""
MESOS_CPP = """
    POST /master/api/v1/scheduler HTTP/1.1
    Host: {host}
    Accept: application/x-protobuf
    Content-Type: application/x-protobuf
    Connection: keep-alive
    Content-Length: {length}
"""

INFO = {"user": "u", "name": "n", "failover_timeout": 100}
SUBSCRIBE = {"type": "SUBSCRIBE", "subscribe": {"framework_info": INFO}}
AIRFLOW_INFO = {**INFO, "checkpoint": "true", "failover_timeout": "100"}
NPM_INFO = {**INFO, "capabilities": {"type": "MULTI_ROLE"}, "roles": "test"}


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(PYMESOS, SUBSCRIBE, id="pymesos"),
        pytest.param(AVMESOS, SUBSCRIBE, id="avmesos"),
        pytest.param(
            AVMESOS,
            {"type": "SUBSCRIBE", "subscribe": {"framework_info": AIRFLOW_INFO}},
            id="airflow-says-booleans-as-strings",
        ),
        pytest.param(MESOS_COMPOSE, SUBSCRIBE, id="mesos-compose"),
        pytest.param(
            WITHOUT_ACCEPT,
            {"type": "SUBSCRIBE", "subscribe": {"framework_info": NPM_INFO}},
            id="npm-says-one-value-for-a-list",
        ),
    ],
)
def test_who_subscribes_in_json_is_answered_on_the_spot(
    served: Served, head: str, body: dict[str, Any]
) -> None:
    with wire_to(served.leader) as wire:
        wire.send(head.replace("{host}", served.leader), json.dumps(body).encode())
        status, headers = wire.answer()
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert headers["Transfer-Encoding"] == "chunked"
        assert not {"Content-Length", "Content-Encoding"} & set(headers)
        assert json.loads(wire.record())["type"] == "SUBSCRIBED"
        assert json.loads(wire.record()) == {"type": "HEARTBEAT"}


def test_the_library_of_mesos_subscribes_in_protobuf_below_master(served: Served) -> None:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.SUBSCRIBE)
    call.subscribe.framework_info.user = "u"
    call.subscribe.framework_info.name = "n"
    with wire_to(served.leader) as wire:
        wire.send(MESOS_CPP.replace("{host}", served.leader), call.SerializeToString())
        status, headers = wire.answer()
        assert (status, headers["Content-Type"]) == (200, "application/x-protobuf")
        assert scheduler_pb2.Event.FromString(wire.record()).HasField("subscribed")


@pytest.mark.parametrize("head", [PYMESOS, AVMESOS, MESOS_COMPOSE, WITHOUT_ACCEPT])
def test_who_asks_a_follower_is_sent_to_the_leader_with_the_path(served: Served, head: str) -> None:
    with wire_to(served.follower) as wire:
        wire.send(head.replace("{host}", served.follower), json.dumps(SUBSCRIBE).encode())
        status, headers = wire.answer()
        assert status == 307
        assert headers["Location"] == f"//{served.leader}/master/api/v1/scheduler"
        assert headers["Content-Length"] == "0"


NPM_CALL = """
    POST /api/v1/scheduler HTTP/1.1
    Host: {host}
    Content-Type: application/json
    mesos-stream-id: {stream_id}
    Connection: keep-alive
    Transfer-Encoding: chunked
"""


def test_npm_sends_each_call_in_chunks_and_wants_202(served: Served) -> None:
    with wire_to(served.leader) as stream, wire_to(served.leader) as calls:
        stream.send(WITHOUT_ACCEPT.replace("{host}", served.leader), json.dumps(SUBSCRIBE).encode())
        _, headers = stream.answer()
        framework_id = json.loads(stream.record())["subscribed"]["framework_id"]
        for kind in ("SUPPRESS", "REVIVE"):
            body = json.dumps({"framework_id": framework_id, "type": kind}).encode()
            head = NPM_CALL.replace("{stream_id}", headers["Mesos-Stream-Id"])
            chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            calls.send(head.replace("{host}", served.leader), chunked)
            status, answered = calls.answer()
            assert (status, answered["Content-Length"]) == (202, "0")


GO_OPERATOR = """
    POST /api/v1 HTTP/1.1
    Host: {host}
    User-Agent: Go-http-client/1.1
    Content-Length: {length}
    Accept: application/json
    Content-Type: application/json
    Accept-Encoding: gzip
"""


@pytest.mark.parametrize("kind", ["GET_HEALTH", "GET_VERSION", "GET_AGENTS", "GET_TASKS"])
def test_mesos_go_takes_a_length_for_one_object_of_just_that_type(
    served: Served, kind: str
) -> None:
    with wire_to(served.leader) as wire:
        body = json.dumps({"type": kind}).encode()
        head = GO_OPERATOR.replace("Accept-Encoding: gzip", "")
        wire.send(head.strip().replace("{host}", served.leader), body)
        status, headers = wire.answer()
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert json.loads(wire.body(headers))["type"] == kind


PAGE = """
    {method} {path} HTTP/1.1
    Host: {host}
    Accept-Encoding: identity
    Connection: close
"""


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        pytest.param("GET", "/version", "version", id="pymesos-before-each-connection"),
        pytest.param("GET", "/slaves/", "slaves", id="mesos-command-line"),
        pytest.param("GET", "/tasks?limit=-1&offset=0&order=asc", "tasks", id="traefik"),
        pytest.param("POST", "/tasks/?task_id=x&framework_id=y", "tasks", id="mesos-compose"),
        pytest.param("GET", "/master/frameworks/?framework_id=x", "frameworks", id="mesos-m3s"),
        pytest.param("GET", "/master/state.json", "slaves", id="mesos-dns"),
        pytest.param("GET", "/metrics/snapshot?timeout=100ms", "master/elected", id="telegraf"),
        pytest.param("GET", "/state", "frameworks", id="mesos-term"),
    ],
)
def test_a_page_is_asked_for_as_they_do_it(
    served: Served, method: str, path: str, key: str
) -> None:
    with wire_to(served.leader) as wire:
        head = PAGE.replace("{method}", method).replace("{path}", path)
        wire.send(head.replace("{host}", served.leader), b"")
        status, headers = wire.answer()
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert key in json.loads(wire.body(headers))


def test_rxjava_asks_where_the_leader_is_first(served: Served) -> None:
    for address in (served.leader, served.follower):
        with wire_to(address) as wire:
            head = PAGE.replace("{method}", "GET").replace("{path}", "/redirect")
            wire.send(head.replace("{host}", address), b"")
            status, headers = wire.answer()
            assert (status, headers["Location"]) == (307, f"//{served.leader}")
