"""Readers of streams: each record is a chunk, and who reads nothing is not waited for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from master.edge.mesos import live_stream
from master.edge.mesos.live_stream import LiveStream
from master.edge.streams import SlowReader
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge import page_answers
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.mesos_http import JSON
from trimast.edge.turns import Turns

HEARTBEAT = scheduler_pb2.Event(type=scheduler_pb2.Event.HEARTBEAT)
ENDLESS = b"x" * (64 * 1024 * 1024)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def asked(
    handler: Handler,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    app = new_application()
    app.router.add_get("/", handler)
    server = HttpServer(app, host="127.0.0.1", port=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST)
    try:
        yield reader, writer
    finally:
        writer.close()
        await server.stop()


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Up to where it was broken off."""
    rest = b""
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(1 << 20), 5):
            rest += data
    return rest


def test_a_record_is_a_chunk() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        stream = LiveStream(request, JSON, Turns(), lambda: None, {"Mesos-Stream-Id": "s"})
        await stream.begin()
        for _ in range(2):
            await stream.send(HEARTBEAT)
        stream.end()
        return stream.response

    async def story() -> None:
        async with asked(handler) as (reader, _):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert "Content-Type: application/json\r\n" in head
            assert "Mesos-Stream-Id: s\r\n" in head
            assert "Content-Length" not in head
            chunk = b'17\r\n20\n{"type":"HEARTBEAT"}\r\n'
            assert await reader.readexactly(2 * len(chunk)) == 2 * chunk
            assert await reader.readuntil(b"0\r\n\r\n") == b"0\r\n\r\n"

    asyncio.run(story())


def test_who_does_not_read_is_cut_off() -> None:
    told: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        stream = LiveStream(request, JSON, Turns(), lambda: None)
        await stream.begin()
        try:
            await stream.send_record(ENDLESS, taken_within_s=0.05)
        except SlowReader:
            told.append("slow")
            stream.break_off()
        stream.end()
        return stream.response

    async def story() -> None:
        async with asked(handler) as (reader, _):
            await reader.readuntil(b"\r\n\r\n")
            while not told:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert not (await rest_of(reader)).endswith(b"0\r\n\r\n")

    asyncio.run(story())


def test_it_is_noticed_when_the_reader_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "LOOK_AFTER_S", 0.01)

    async def story() -> None:
        gone = asyncio.Event()

        async def handler(request: web.Request) -> web.StreamResponse:
            stream = LiveStream(request, JSON, Turns(), gone.set)
            await stream.begin()
            await stream.send(HEARTBEAT)
            await gone.wait()
            stream.end()
            return stream.response

        async with asked(handler) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await asyncio.wait_for(gone.wait(), 5)

    asyncio.run(story())


def test_whoever_takes_nothing_of_a_large_answer_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_answers, "TAKEN_WITHIN_S", 0.05)
    told: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = await page_answers.whole_answer(request, ENDLESS, {"Content-Type": JSON})
        told.append("slow")
        return answer

    async def story() -> None:
        async with asked(handler) as (reader, _):
            head = await reader.readuntil(b"\r\n\r\n")
            assert f"Content-Length: {len(ENDLESS)}".encode() in head
            while not told:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert len(await rest_of(reader)) < len(ENDLESS)

    asyncio.run(story())


def test_a_large_answer_arrives_whole_at_who_reads_it() -> None:
    body = bytes(range(256)) * 4096

    async def handler(request: web.Request) -> web.StreamResponse:
        return await page_answers.whole_answer(request, body, {"Content-Type": JSON})

    async def story() -> None:
        async with asked(handler) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(body)) == body
            writer.write(REQUEST)  # The connection is as good as before.
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")

    asyncio.run(story())
