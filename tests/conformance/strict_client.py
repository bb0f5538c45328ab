"""A client that takes nothing for granted: it reads what came over the wire, byte by byte."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from google.protobuf.message import Message

from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.exact_json import faults_of

ANSWER_WITHIN_S = 20.0
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Attributes:
    headers: with their names as they were written.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamEnded(Exception):
    """It was ended, not broken off."""


class Connection:
    def __init__(
        self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._address = address
        self._reader = reader
        self._writer = writer

    async def ask(
        self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str
    ) -> Answer:
        """One call, and its whole answer. In names of headers, `_` stands for `-`."""
        status, given = await self.begin(path, body, method=method, **headers)
        # One answer says how long it is; only a stream does not.
        assert "Transfer-Encoding" not in given, given
        length = int(given["Content-Length"])
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = Answer(status, given, await self._reader.readexactly(length))
        # What has nothing in it is of no type.
        assert ("Content-Type" in given) == bool(answer.body), given
        return answer

    async def begin(
        self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str
    ) -> tuple[int, Mapping[str, str]]:
        """Status and headers; the body is still to be read."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address}"]
        if "Transfer_Encoding" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)
        return await self.head()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def head(self) -> tuple[int, Mapping[str, str]]:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("ascii")
        first, *rest = head.strip().split("\r\n")
        named = dict(line.split(": ", 1) for line in rest)
        return int(first.split(" ")[1]), named

    async def chunk(self) -> bytes:
        """One chunk of a chunked body.

        Raises:
            StreamEnded: as a chunked body does.
            IncompleteReadError: as it must not, unless the other side is dead.
        """
        async with asyncio.timeout(ANSWER_WITHIN_S):
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            data = await self._reader.readexactly(size + 2)
        assert data.endswith(b"\r\n")
        if size == 0:
            raise StreamEnded
        return data[:-2]

    async def record(self) -> bytes:
        """One record, which must be one chunk."""
        chunk = await self.chunk()
        length, line_break, record = chunk.partition(b"\n")
        assert line_break == b"\n"
        assert int(length) == len(record)
        return record

    async def any_event(self, message: type[Message] = scheduler_pb2.Event) -> dict[str, Any]:
        """The next one, which must be such a message to the letter."""
        record = await self.record()
        assert record.isascii()
        assert b"\n" not in record
        event: dict[str, Any] = json.loads(record)
        assert list(faults_of(event, message)) == []
        return event

    async def event(
        self, kind: str, message: type[Message] = scheduler_pb2.Event
    ) -> dict[str, Any]:
        """The next event of this kind; others before it are passed over."""
        while True:
            event = await self.any_event(message)
            if event["type"] == kind:
                return event

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class Client:
    """Opens connections, and closes them all in the end."""

    def __init__(self) -> None:
        self._opened: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._opened:
            await connection.close()

    async def open(self, address: str) -> Connection:
        host, _, port = address.rpartition(":")
        connection = Connection(address, *await asyncio.open_connection(host, int(port)))
        self._opened.append(connection)
        return connection


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
