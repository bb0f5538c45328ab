"""Those who hold connections and ask for nothing do not keep out those who ask."""

import asyncio
from typing import Self

from aiohttp import web

from trimast.edge.http_connections import ConnectionGuard, guarded_connections

REQUEST = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


class Server:
    def __init__(self, guard: ConnectionGuard) -> None:
        self.guard = guard
        app = web.Application(middlewares=[guard.middleware])
        app.router.add_get("/hello", self._hello)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        factory = guarded_connections(self.guard, self._runner.server)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(factory, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        await self._runner.cleanup()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        return reader, writer

    async def _hello(self, _request: web.Request) -> web.Response:
        return web.Response(text="hello")


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """False if it was hung up."""
    try:
        writer.write(REQUEST)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    except (OSError, EOFError):
        return False
    await reader.readexactly(5)
    return head.startswith(b"HTTP/1.1 200")


def test_of_too_many_the_silent_ones_go_first() -> None:
    async def story() -> None:
        async with Server(ConnectionGuard(connections_max=3)) as server:
            useful = await server.connect()
            assert await answers(*useful)
            silent = [await server.connect() for _ in range(5)]
            late = await server.connect()
            assert await answers(*late)
            assert await answers(*useful)
            for reader, _ in silent[:4]:
                assert await asyncio.wait_for(reader.read(), 5) == b""
            assert len(server.guard) <= 3
            for _, writer in [useful, late, *silent]:
                writer.close()

    asyncio.run(story())


def test_whoever_does_not_come_to_the_point_is_hung_up_on() -> None:
    async def story() -> None:
        async with Server(ConnectionGuard(first_request_max_s=0.05)) as server:
            reader, writer = await server.connect()
            writer.write(REQUEST[:20])
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            reader, writer = await server.connect()
            assert await answers(reader, writer)
            server.guard.asked(server.guard)  # type: ignore[arg-type] # Not known: no harm.
            writer.close()

    asyncio.run(story())


def test_who_has_gone_is_not_counted() -> None:
    async def story() -> None:
        async with Server(ConnectionGuard()) as server:
            reader, writer = await server.connect()
            assert await answers(reader, writer)
            assert len(server.guard) == 1
            writer.close()
            await writer.wait_closed()
            while len(server.guard):  # noqa: ASYNC110
                await asyncio.sleep(0)

    asyncio.run(story())
