import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.listening import CannotListen


@asynccontextmanager
async def serving(body_bytes_max: int = 1000) -> AsyncIterator[HttpServer]:
    app = new_application(body_bytes_max=body_bytes_max)

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def broken(_request: web.Request) -> web.Response:
        raise KeyError("secret")

    async def swallow(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    app.router.add_get("/hello", hello)
    app.router.add_get("/broken", broken)
    app.router.add_post("/swallow", swallow)
    server = HttpServer(app, host="127.0.0.1", port=0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def ask(server: HttpServer, method: str, path: str, data: bytes = b"") -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{server.address}{path}", data=data) as answer,
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/hello", 200, "hello"),
        ("GET", "/nothing", 404, '{"error": "Not Found"}'),
        ("POST", "/hello", 405, '{"error": "Method Not Allowed"}'),
        ("GET", "/broken", 500, '{"error": "internal error; the log says more"}'),
    ],
)
def test_every_answer_is_what_a_client_can_read(
    method: str, path: str, status: int, text: str
) -> None:
    async def main() -> None:
        async with serving() as server:
            assert await ask(server, method, path) == (status, text)

    asyncio.run(main())


def test_a_body_beyond_the_bound_is_refused() -> None:
    async def main() -> None:
        async with serving(body_bytes_max=1000) as server:
            assert await ask(server, "POST", "/swallow", b"x" * 1000) == (200, "1000")
            status, _ = await ask(server, "POST", "/swallow", b"x" * 1001)
            assert status == 413

    asyncio.run(main())


@pytest.mark.parametrize(
    "garbage",
    [b"\r\n\r\n", b"\x00\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"GET /%zz HTTP/1.1\r\n\r\n"],
)
def test_garbage_does_not_end_the_server(garbage: bytes) -> None:
    async def main() -> None:
        async with serving() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(garbage)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
            assert await ask(server, "GET", "/hello") == (200, "hello")

    asyncio.run(main())


def test_a_compressed_body_is_refused_and_not_unpacked() -> None:
    async def main() -> None:
        async with serving() as server, aiohttp.ClientSession() as session:
            url = f"http://{server.address}/swallow"
            headers = {"Content-Encoding": "gzip"}
            async with session.post(url, data=b"no gzip", headers=headers) as answer:
                assert answer.status == 415
            headers = {"Content-Encoding": "identity"}
            async with session.post(url, data=b"four", headers=headers) as answer:
                assert (answer.status, await answer.text()) == (200, "4")

    asyncio.run(main())


def test_a_port_in_use_is_said_clearly() -> None:
    async def main() -> None:
        async with serving() as server:
            second = HttpServer(new_application(), host="127.0.0.1", port=server.port)
            with pytest.raises(CannotListen) as error:
                await second.start()
            assert str(error.value).endswith("for HTTP: address already in use")

    asyncio.run(main())
