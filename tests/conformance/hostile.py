"""Bad clients, and a good one beside them that must not notice."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from tests.conformance.told import Served

GROWTH_BYTES_MAX = 16 * 1024 * 1024
NEIGHBOUR_WAITS_S_P90 = 1.0
NEIGHBOUR_WAITS_S_MAX = 5.0
ANSWER_WITHIN_S = 15.0


@dataclass(slots=True)
class Neighbour:
    """Asks for little, again and again, and notes how long it waited."""

    address: str
    waits_s: list[float] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not (self._stopped.wait(0.02) and self.waits_s):
            begun_s = time.monotonic()
            status, _ = ask(self.address, b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert status == 200
            self.waits_s.append(time.monotonic() - begun_s)

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def unharmed(served: Served) -> Iterator[None]:
    """What is done meanwhile leaves the leader alive, as small as it was, and quick for others."""
    [led] = [master for master in served.cluster.masters if master.http == served.leader]
    assert led.process is not None
    process = psutil.Process(led.process.pid)
    before = process.memory_info().rss
    neighbour = Neighbour(served.leader)
    beside = threading.Thread(target=neighbour.run)
    beside.start()
    try:
        yield
    finally:
        neighbour.stop()
        beside.join()
    assert process.is_running()
    assert process.status() != psutil.STATUS_ZOMBIE
    growth = process.memory_info().rss - before
    assert growth < GROWTH_BYTES_MAX, growth
    waits_s = sorted(neighbour.waits_s)
    assert waits_s[-1 - len(waits_s) // 10] < NEIGHBOUR_WAITS_S_P90, waits_s[-10:]
    assert waits_s[-1] < NEIGHBOUR_WAITS_S_MAX, waits_s[-10:]
    # It leads as before.
    status, _ = ask(served.leader, b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert status == 200


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=ANSWER_WITHIN_S)


def ask(address: str, request: bytes) -> tuple[int, bytes]:
    """Status and all that came; status 0 if it just hung up."""
    with connect(address) as connection:
        return exchange(connection, request)


def exchange(connection: socket.socket, request: bytes) -> tuple[int, bytes]:
    answer = b""
    with contextlib.suppress(ConnectionError):
        connection.sendall(request)
    # It may have said why before it hung up.
    with contextlib.suppress(ConnectionError):
        while b"\r\n\r\n" not in answer:
            data = connection.recv(65_536)
            if not data:
                break
            answer += data
    if not answer.startswith(b"HTTP/1.1 "):
        return 0, answer
    return int(answer.split(b" ", 2)[1]), answer


def post(path: str, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
