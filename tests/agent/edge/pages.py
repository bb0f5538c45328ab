"""An HTTP server with the pages that a test wants, and a client to look at them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from trimast.edge.http_server import HttpServer, new_application

Get = Callable[[str], "aiohttp.client._RequestContextManager"]


@asynccontextmanager
async def showing(add: Callable[[web.Application], None]) -> AsyncIterator[Get]:
    """A function that gets a path, exactly as it is written."""
    app = new_application()
    add(app)
    server = HttpServer(app, host="127.0.0.1", port=0)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield lambda path: session.get(
                URL(f"http://{server.address}{path}", encoded=True), allow_redirects=False
            )
    finally:
        await server.stop()
