"""Very many subscribers, of which some do not read."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator
from typing import Final

import psutil

from tests.bench.http.calling import request
from tests.bench.http.doors import PATH, HttpDoor, over_http, subscribe_call
from trimast.edge.mesos_http import JSON, encoded

_AT_ONCE: Final = 50
_DESCRIPTORS: Final = 16_384
_TASKS_A_QUESTION: Final = 200
_ASKS_EACH_S: Final = 5.0


def allow_many_descriptors() -> None:
    """For this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_DESCRIPTORS, most), most))


@contextlib.asynccontextmanager
async def quiet(address: str, count: int) -> AsyncIterator[float]:
    """So many subscribers that read and say nothing. Gives how long it took to subscribe them."""
    writers: list[asyncio.StreamWriter] = []
    reading: list[asyncio.Task[None]] = []

    async def subscribe(number: int) -> None:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request(PATH, encoded(subscribe_call(f"quiet-{number}"), JSON), JSON))
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
        reading.append(asyncio.create_task(_read_on(reader)))

    began_s = time.perf_counter()
    try:
        for first in range(0, count, _AT_ONCE):
            last = min(first + _AT_ONCE, count)
            await asyncio.gather(*(subscribe(number) for number in range(first, last)))
        yield time.perf_counter() - began_s
    finally:
        for each in reading:
            each.cancel()
        for writer in writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def deaf(address: str, count: int) -> AsyncIterator[None]:
    """So many subscribers that ask for ever more answers, and read none of them."""
    async with contextlib.AsyncExitStack() as doors:
        asking = [
            asyncio.create_task(
                _ask_on(await doors.enter_async_context(over_http(address, JSON, f"deaf-{number}")))
            )
            for number in range(count)
        ]
        try:
            yield
        finally:
            for each in asking:
                each.cancel()


async def _ask_on(door: HttpDoor) -> None:
    door.stop_reading()
    with contextlib.suppress(ConnectionError, AssertionError):  # It was cut off.
        while True:
            await door.say(door.subscribed.question(0, tasks=_TASKS_A_QUESTION))
            await asyncio.sleep(_ASKS_EACH_S)


async def _read_on(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


def memory_kib(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss) // 1024
