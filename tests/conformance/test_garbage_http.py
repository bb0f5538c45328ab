"""Bad HTTP: a named refusal or a closed connection, and nobody else notices.

The numbers are those of the list of bad inputs that every part is tried with.
"""

import contextlib
import gzip
import socket
import time
import zlib

import pytest

from tests.conformance.hostile import ask, connect, exchange, post, unharmed
from tests.conformance.told import OPERATOR, SCHEDULER, Served

HEALTH = b'{"type":"GET_HEALTH"}'
HOST = b"Host: 127.0.0.1\r\n"
REFUSED = {0, 400, 404, 405, 408, 411, 413, 414, 415, 431, 501, 505}
"""0: it hung up."""


@pytest.mark.parametrize(
    "target",
    [b"/%zz", b"/%", b"//", b"//state", b"", b"/\x00", b"/state/%00/..", b"/" + b"a" * 65_536],
    ids=["%zz", "%", "//", "//state", "empty", "NUL", "%00", "64 KiB"],
)
def test_01_broken_paths(lone: Served, target: bytes) -> None:
    with unharmed(lone):
        status, _ = ask(lone.leader, b"GET %b HTTP/1.1\r\n%b\r\n" % (target, HOST))
    # What stands behind a path that is known does not count.
    assert status in REFUSED | ({200} if target.startswith(b"/state") else set())


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\nX-Trailer: " + b"x" * 70_000),
        (b"Transfer-Encoding: chunked", b"zz\r\nhello\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"8000000000000000\r\nhello"),
        (b"Transfer-Encoding: chunked", b"-5\r\nhello\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"5\r\nhello\r\n0\r\n\r\n"),
        (b"Content-Length: 5\r\nContent-Length: 6", b"hello!"),
        (b"Content-Length: -1", b"hello"),
        (b"Content-Length: 99999999999999999999", b"hello"),
        (b"Content-Length: 5 5", b"hello"),
        (b"Transfer-Encoding: gzip, chunked, chunked", b"0\r\n\r\n"),
    ],
)
def test_02_lengths_that_contradict_themselves(lone: Served, headers: bytes, body: bytes) -> None:
    request = b"POST %b HTTP/1.1\r\n%bContent-Type: application/json\r\n%b\r\n\r\n%b"
    with unharmed(lone), connect(lone.leader) as connection:
        connection.sendall(request % (OPERATOR.encode(), HOST, headers, body))
        connection.shutdown(socket.SHUT_WR)
        status, _ = exchange(connection, b"")
    assert status in REFUSED


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"a" * 1_048_576,
        b"\r\n".join(b"X-%d: y" % number for number in range(10_000)),
        b"X-Folded: a\r\n b",
        b"No-Colon",
        b": no name",
        b"X-Nul: \x00",
        b"X: " + b"\xff" * 100,
    ],
    ids=["1 MiB", "10000 of them", "folded", "no colon", "no name", "NUL", "not ASCII"],
)
def test_03_headers(lone: Served, headers: bytes) -> None:
    with unharmed(lone):
        status, _ = ask(lone.leader, b"GET /version HTTP/1.1\r\n%b%b\r\n\r\n" % (HOST, headers))
    # A folded line and bytes beyond ASCII are odd, but can be read.
    assert status in REFUSED | {200}


def test_04_clients_that_say_little_at_a_time_keep_nobody_out(lone: Served) -> None:
    connections = []
    with unharmed(lone):
        for number in range(1_000):
            connection = connect(lone.leader)
            connection.sendall(b"GET /version HTTP/1.1\r\nX-Slow: %d" % number)
            connections.append(connection)
        for connection in connections:
            connection.close()


def test_04_a_body_that_never_ends_delays_nobody(lone: Served) -> None:
    with unharmed(lone):
        connections = [connect(lone.leader) for _ in range(50)]
        for connection in connections:
            request = post(OPERATOR, HEALTH)
            connection.sendall(request[:-1])
        assert ask(lone.leader, post(OPERATOR, HEALTH))[0] == 200
        for connection in connections:
            status, _ = exchange(connection, HEALTH[-1:])
            assert status == 200
            connection.close()


def test_05_idle_connections_keep_nobody_out(lone: Served) -> None:
    connections: list[socket.socket] = []
    with unharmed(lone):
        connections += [connect(lone.leader) for _ in range(3_000)]
        assert ask(lone.leader, post(OPERATOR, HEALTH))[0] == 200
        for connection in connections:
            connection.close()


def test_06_ten_thousand_requests_at_once_on_one_connection(lone: Served) -> None:
    request = b"GET /version HTTP/1.1\r\n%b\r\n" % HOST
    with unharmed(lone), connect(lone.leader) as connection:
        connection.setblocking(False)
        waiting = memoryview(request * 10_000)
        answers = tail = b""
        count = 0
        end_s = time.monotonic() + 60
        while count < 10_000 and time.monotonic() < end_s:
            with contextlib.suppress(BlockingIOError):
                waiting = waiting[connection.send(waiting) :] if waiting else waiting
            try:
                answers = tail + connection.recv(262_144)
            except BlockingIOError:
                continue
            count += answers.count(b"HTTP/1.1 200")
            tail = answers[-11:] if not answers.endswith(b"HTTP/1.1 200") else b""
    assert count == 10_000


def bomb() -> bytes:
    """64 MiB of nothing, twice compressed: as much again as 4 MiB are allowed."""
    return gzip.compress(b" " * (64 * 1024 * 1024), 9)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", bomb()),
        ("gzip", gzip.compress(bomb())),
        ("deflate", zlib.compress(b" " * 16 * 1024 * 1024)),
        ("gzip", b"\x1f\x8b no gzip"),
        ("br", b"not asked for"),
        ("zstd", b"not asked for"),
        ("gzip, gzip", gzip.compress(gzip.compress(HEALTH))),
    ],
    ids=["bomb", "bomb in a bomb", "deflate", "broken", "br", "zstd", "twice"],
)
def test_07_compressed_bodies(lone: Served, encoding: str, body: bytes) -> None:
    with unharmed(lone):
        request = post(OPERATOR, body, f"Content-Encoding: {encoding}")
        status, _ = ask(lone.leader, request)
    assert status in REFUSED


@pytest.mark.parametrize("path", [OPERATOR, SCHEDULER])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH"])
def test_08_other_methods_than_post(lone: Served, path: str, method: str) -> None:
    status, answer = ask(lone.leader, f"{method} {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
    assert status == 405
    assert b"Allow: POST" in answer


def test_08_a_method_that_nobody_knows(lone: Served) -> None:
    status, _ = ask(lone.leader, b"BREW /api/v1 HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status in REFUSED


@pytest.mark.parametrize(
    ("kind", "accept", "expected"),
    [
        ("text/plain", "*/*", 415),
        ("application/json;charset=utf-8", "*/*", 415),
        ("application/x-www-form-urlencoded", "*/*", 415),
        ("application/json", "text/html", 406),
        ("application/json", "application/xml, text/*", 406),
        ("application/json", "application/json", 200),
        ("application/json", "text/html, */*;q=0.1", 200),
    ],
)
def test_08_types_that_are_not_spoken(lone: Served, kind: str, accept: str, expected: int) -> None:
    request = post(OPERATOR, HEALTH, f"Accept: {accept}", kind=kind)
    assert ask(lone.leader, request)[0] == expected


def test_09_two_subscriptions_on_one_connection(lone: Served) -> None:
    body = b'{"type":"SUBSCRIBE","subscribe":{"framework_info":{"name":"n","user":"root"}}}'
    with unharmed(lone), connect(lone.leader) as connection:
        status, _ = exchange(connection, post(SCHEDULER, body) * 2)
        assert status == 200
        again = post(SCHEDULER, body, "Mesos-Stream-Id: 130ae4e3-6b13-4ef4-baa9-9f2e85c3e9af")
        assert ask(lone.leader, again)[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://evil.example",),
        ("Origin: null",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"),
    ],
)
def test_10_other_sites(lone: Served, headers: tuple[str, ...]) -> None:
    form = b"frameworkId=x"
    kind = "application/x-www-form-urlencoded"
    with unharmed(lone):
        assert ask(lone.leader, post(OPERATOR, HEALTH, *headers))[0] == 403
        assert ask(lone.leader, post("/teardown", form, *headers, kind=kind))[0] == 403


def test_10_a_name_that_points_here(lone: Served) -> None:
    status, _ = ask(lone.leader, b"GET /state HTTP/1.1\r\nHost: evil.example:5050\r\n\r\n")
    assert status == 403


def test_36_numbers_and_names_in_queries(lone: Served) -> None:
    for query in ("limit=9223372036854775808", "limit=NaN", "offset=1e18", "limit=%00"):
        request = f"GET /tasks?{query} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
        assert ask(lone.leader, request)[0] == 400
    for query in ("task_id=%3Cscript%3E", "framework_id=%ff%fe", "task_id=" + "x" * 5_000):
        request = f"GET /tasks?{query} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
        status, answer = ask(lone.leader, request)
        assert status == 200
        assert b"<script>" not in answer
