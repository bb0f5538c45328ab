"""What is typed reaches a nested container, and what it writes whoever listens."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from agent.edge.containerizer.beside import BesideProcess
from agent.edge.containerizer.pipes import open_pipes
from agent.edge.mesos import nested_streams as subject
from agent.edge.mesos.asking import Answering
from agent.edge.mesos.nested import Nested
from agent.edge.mesos.nested_streams import calls_of, stream_output, take_input
from protos.mesos.v1.agent import agent_pb2
from tests.agent.edge.pages import showing
from tests.agent.edge.patience import until
from trimast.edge.mesos_http import JSON, PROTOBUF, Refusal
from trimast.edge.recordio import RecordReader, to_record

Call = agent_pb2.Call
IO = agent_pb2.ProcessIO
RECORDS = Answering("application/recordio", JSON)
REQUEST = make_mocked_request("POST", "/")


class Container:
    """Runs nothing: `stdin` is where what it is given can be read."""

    def __init__(self, nested: Nested, theirs: list[int]) -> None:
        self.nested = nested
        self.stdin = theirs[0]

    def read(self) -> bytes:
        """What is there; b"" at the end."""
        return os.read(self.stdin, 100)

    async def say(self, *pieces: tuple[str, bytes] | None) -> None:
        """None is the end."""
        for waiting in list(self.nested.listeners):
            for piece in pieces:
                await waiting.put(piece)


@asynccontextmanager
async def a_container() -> AsyncIterator[Container]:
    theirs: list[int] = []
    pipes = await open_pipes(theirs)
    loop = asyncio.get_running_loop()
    process = BesideProcess(1, loop.create_future(), loop.create_future(), 42, pipes)
    try:
        yield Container(Nested(("parent", "c"), process, False, loop.create_future()), theirs)
    finally:
        pipes.close()
        for file in theirs:
            os.close(file)


def tell(story: Callable[[Container], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), a_container() as container:
            await story(container)

    asyncio.run(main())


def typed(data: bytes) -> Call:
    call = Call(type=Call.ATTACH_CONTAINER_INPUT)
    call.attach_container_input.type = Call.AttachContainerInput.PROCESS_IO
    said = call.attach_container_input.process_io
    said.type, said.data.type, said.data.data = IO.DATA, IO.Data.STDIN, data
    return call


def resized() -> Call:
    call = typed(b"")
    said = call.attach_container_input.process_io
    said.Clear()
    said.type, said.control.type = IO.CONTROL, IO.Control.TTY_INFO
    size = said.control.tty_info.window_size
    size.rows, size.columns = 5, 7
    return call


async def one_by_one(*calls: Call) -> AsyncIterator[Call]:
    for call in calls:
        yield call


def test_what_is_typed_is_read_and_nothing_ends_the_input() -> None:
    async def story(container: Container) -> None:
        # It has no terminal whose size could be another.
        calls = one_by_one(typed(b"one "), resized(), typed(b"two"), typed(b""))
        await take_input(REQUEST, container.nested, calls)
        assert container.read() == b"one two"
        assert await asyncio.to_thread(container.read) == b""

    tell(story)


def test_input_goes_on_no_longer_than_the_container() -> None:
    async def story(container: Container) -> None:
        is_closed = False

        async def endless() -> AsyncIterator[Call]:
            nonlocal is_closed
            try:
                yield typed(b"one")
                container.nested.process.ended.set_result(0)
                await asyncio.get_running_loop().create_future()
            finally:
                is_closed = True

        await take_input(REQUEST, container.nested, endless())
        assert (container.read(), is_closed) == (b"one", True)

    tell(story)


def of_another_kind() -> Call:
    call = typed(b"x")
    call.attach_container_input.type = Call.AttachContainerInput.CONTAINER_ID
    return call


def for_stdout() -> Call:
    call = typed(b"x")
    call.attach_container_input.process_io.data.type = IO.Data.STDOUT
    return call


@pytest.mark.parametrize(
    ("wrong", "text"), [(of_another_kind(), "PROCESS_IO"), (for_stdout(), "STDIN")]
)
def test_what_is_no_input_is_refused_and_what_came_before_was_taken(wrong: Call, text: str) -> None:
    async def story(container: Container) -> None:
        with pytest.raises(Refusal, match=text) as refusal:
            await take_input(REQUEST, container.nested, one_by_one(typed(b"one"), wrong))
        assert (refusal.value.status, container.read()) == (400, b"one")

    tell(story)


def calls_in(data: bytes, record_type: str) -> list[Call]:
    """Raises Refusal. The data comes in two pieces, cut within a record."""

    async def main() -> list[Call]:
        loop = asyncio.get_running_loop()
        protocol = BaseProtocol(loop)
        protocol.connection_made(asyncio.Transport())
        stream = StreamReader(protocol, 2**16, loop=loop)
        request = make_mocked_request("POST", "/", payload=stream)
        stream.feed_data(data[:3])
        loop.call_soon(stream.feed_data, data[3:])
        loop.call_soon(stream.feed_eof)
        return [call async for call in calls_of(request, record_type)]

    return asyncio.run(main())


def test_calls_are_taken_from_their_records() -> None:
    calls = [typed(b"one"), resized()]
    in_protobuf = b"".join(to_record(call.SerializeToString()) for call in calls)
    assert calls_in(in_protobuf, PROTOBUF) == calls
    [call] = calls_in(to_record(b'{"type":"ATTACH_CONTAINER_INPUT"}'), JSON)
    assert call.type == Call.ATTACH_CONTAINER_INPUT


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"100\nabc", "ends within a record"),
        (b"no number\n", "begins with its length"),
        (to_record(b"{no json"), "JSON"),
        (b"%d\n" % (subject.RECORD_BYTES_MAX + 1), "at most"),
    ],
)
def test_a_stream_that_is_not_what_it_should_be_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(Refusal, match=text) as refusal:
        calls_in(data, JSON)
    assert refusal.value.status == 400


def listening(container: Container) -> Callable[[web.Application], None]:
    """A page at which the container is listened to."""

    async def page(request: web.Request) -> web.StreamResponse:
        response, telling = await stream_output(request, container.nested, RECORDS)
        await telling
        return response

    def add(app: web.Application) -> None:
        app.router.add_get("/output", page)

    return add


def records_in(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(record) for record in RecordReader().feed(body)]


def test_what_it_writes_is_told_record_by_record_to_its_end() -> None:
    async def story(container: Container) -> None:
        async with showing(listening(container)) as get, get("/output") as answer:
            assert answer.headers["Content-Type"] == "application/recordio"
            assert answer.headers["Message-Content-Type"] == JSON
            await container.say(("stdout", b"one"), ("stderr", b"two"), None)
            first, second = records_in(await answer.read())
            assert first == {"type": "DATA", "data": {"type": "STDOUT", "data": "b25l"}}
            assert second["data"] == {"type": "STDERR", "data": "dHdv"}
            assert not container.nested.listeners

    tell(story)


def test_who_hears_nothing_hears_that_it_still_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(subject, "LOOK_AFTER_S", 0.0)

    async def story(container: Container) -> None:
        async with showing(listening(container)) as get, get("/output") as answer:
            reader = RecordReader()
            beats: list[bytes] = []
            while not beats:
                beats = reader.feed(await answer.content.readany())
            beat = json.loads(beats[0])
            assert (beat["type"], beat["control"]["type"]) == ("CONTROL", "HEARTBEAT")
            await container.say(None)
            await answer.read()

    tell(story)


def test_who_hangs_up_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LOOK_AFTER_S", 0.0)

    async def story(container: Container) -> None:
        async with showing(listening(container)) as get:
            async with get("/output") as answer:
                assert len(container.nested.listeners) == 1
                answer.close()
            await until(lambda: not container.nested.listeners)

    tell(story)
