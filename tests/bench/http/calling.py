"""A client that costs little: requests are made once, and of an answer only the status is read."""

import asyncio
import time
from typing import Final, Self

_END: Final = b"\r\n\r\n"


def request(
    path: str, body: bytes, content_type: str, *, stream_id: str = "", accept: str = ""
) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}"]
    lines += [f"Content-Length: {len(body)}"]
    lines += [f"Mesos-Stream-Id: {stream_id}"] if stream_id else []
    lines += [f"Accept: {accept}"] if accept else []
    return "\r\n".join([*lines, "", ""]).encode() + body


class Caller(asyncio.Protocol):
    """One connection, one request at a time; answers have no body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    @classmethod
    async def dial(cls, address: str) -> Self:
        host, _, port = address.rpartition(":")
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(cls, host, int(port))
        return caller

    async def ask(self, data: bytes) -> int:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(_END)
        if end and self._answer is not None:
            self._received = rest
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("it hung up"))


async def rate_of(address: str, data: bytes, *, connections: int, seconds: float) -> float:
    """Answers a second, when each of so many connections asks again once it is answered."""
    callers = [await Caller.dial(address) for _ in range(connections)]
    ends_s = time.perf_counter() + seconds

    async def keep_asking(caller: Caller) -> int:
        count = 0
        while time.perf_counter() < ends_s:
            assert await caller.ask(data) == 202
            count += 1
        return count

    counts = await asyncio.gather(*(keep_asking(caller) for caller in callers))
    for caller in callers:
        caller.close()
    return sum(counts) / seconds
