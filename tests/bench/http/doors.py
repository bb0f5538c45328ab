"""One framework at a door of the leader: in JSON or protobuf over HTTP, or over gRPC."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from protos.mesos.v1.scheduler import scheduler_pb2
from protos.trimast.v1 import scheduler_link_pb2_grpc
from tests.bench.http.calling import Caller, request
from trimast.edge.grpc_channel import open_channel
from trimast.edge.mesos_http import JSON, encoded
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.recordio import RecordReader

_Call = scheduler_pb2.Call
_Event = scheduler_pb2.Event
PATH: Final = "/api/v1/scheduler"


def subscribe_call(name: str) -> _Call:
    call = _Call(type=_Call.SUBSCRIBE)
    call.subscribe.framework_info.user = "bench"
    call.subscribe.framework_info.name = name
    return call


@dataclass(slots=True)
class Subscribed:
    """
    Attributes:
        heard: called with each event.
    """

    framework_id: str = ""
    heard: Callable[[_Event], None] = lambda event: None

    def call(self, kind: "_Call.Type.ValueType") -> _Call:
        call = _Call(type=kind)
        call.framework_id.value = self.framework_id
        return call

    def question(self, number: int, *, tasks: int = 1) -> _Call:
        """Is answered by an event for each task: nobody knows them."""
        call = self.call(_Call.RECONCILE)
        for _ in range(tasks):
            call.reconcile.tasks.add().task_id.value = f"unknown-{number}"
        return call

    def refusal(self) -> _Call:
        """Is answered by nothing: an offer that nobody made is declined."""
        call = self.call(_Call.DECLINE)
        call.decline.offer_ids.add().value = "O-none"
        return call


class Door(Protocol):
    subscribed: Subscribed

    async def say(self, call: _Call) -> None: ...


class HttpDoor:
    """Its calls go over a connection of their own, one after the other."""

    def __init__(
        self, address: str, content_type: str, subscribed: Subscribed, stream_id: str
    ) -> None:
        self.address: Final = address
        self.content_type: Final = content_type
        self.stream_id: Final = stream_id
        self.subscribed = subscribed
        self._caller: Caller | None = None
        self.listening: asyncio.Task[None] | None = None

    def stop_reading(self) -> None:
        assert self.listening is not None
        self.listening.cancel()

    def request(self, call: _Call) -> bytes:
        body = encoded(call, self.content_type)
        return request(PATH, body, self.content_type, stream_id=self.stream_id)

    async def say(self, call: _Call) -> None:
        if self._caller is None:
            self._caller = await Caller.dial(self.address)
        assert await self._caller.ask(self.request(call)) == 202


@contextlib.asynccontextmanager
async def over_http(address: str, content_type: str, name: str) -> AsyncIterator[HttpDoor]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = encoded(subscribe_call(name), content_type)
    writer.write(request(PATH, body, content_type, accept=content_type))
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 200"), head
    headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
    subscribed = Subscribed()
    door = HttpDoor(address, content_type, subscribed, headers["Mesos-Stream-Id"])
    begun = asyncio.Event()
    door.listening = asyncio.create_task(_listen(reader, content_type, subscribed, begun))
    try:
        await begun.wait()
        yield door
    finally:
        door.stop_reading()
        writer.transport.abort()


async def _listen(
    reader: asyncio.StreamReader, content_type: str, subscribed: Subscribed, begun: asyncio.Event
) -> None:
    records = RecordReader()
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        chunk = await reader.readexactly(size + 2)
        for record in records.feed(chunk[:-2]):
            if content_type == JSON:
                _take(message_from_json(record, _Event), subscribed, begun)
            else:
                _take(_Event.FromString(record), subscribed, begun)


def _take(event: _Event, subscribed: Subscribed, begun: asyncio.Event) -> None:
    if event.type == _Event.SUBSCRIBED:
        subscribed.framework_id = event.subscribed.framework_id.value
        begun.set()
    subscribed.heard(event)


class GrpcDoor:
    def __init__(self, subscribed: Subscribed, calls: "asyncio.Queue[_Call]") -> None:
        self.subscribed = subscribed
        self._calls = calls

    async def say(self, call: _Call) -> None:
        await self._calls.put(call)


@contextlib.asynccontextmanager
async def over_grpc(address: str, name: str) -> AsyncIterator[GrpcDoor]:
    subscribed, begun = Subscribed(), asyncio.Event()
    calls: asyncio.Queue[_Call] = asyncio.Queue(maxsize=64)
    calls.put_nowait(subscribe_call(name))

    async def saying() -> AsyncIterator[_Call]:
        while True:
            yield await calls.get()

    async with open_channel(address) as channel:
        stub = scheduler_link_pb2_grpc.SchedulerLinkStub(channel)
        stream = stub.Subscribe(saying())

        async def listen() -> None:
            async for event in stream:
                _take(event, subscribed, begun)

        listening = asyncio.create_task(listen())
        try:
            await begun.wait()
            yield GrpcDoor(subscribed, calls)
        finally:
            listening.cancel()


async def latencies_s(door: Door, count: int) -> list[float]:
    """From a question to the event that answers it, one after the other."""
    answered = asyncio.Event()
    waited_for = ""

    def heard(event: _Event) -> None:
        if event.type == _Event.UPDATE and event.update.status.task_id.value == waited_for:
            answered.set()

    door.subscribed.heard = heard
    found: list[float] = []
    for number in range(count):
        call = door.subscribed.question(number)
        waited_for = call.reconcile.tasks[0].task_id.value
        answered.clear()
        began_s = time.perf_counter()
        await door.say(call)
        await answered.wait()
        found.append(time.perf_counter() - began_s)
    return found
