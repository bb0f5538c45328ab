"""An HTTP server with the pages that a test wants, and a client to look at them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from yarl import URL

from agent.edge.mesos.json_pieces import json_pieces
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.rendering import Renderer

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


def giving_way() -> Renderer:
    """After each piece, however little it took."""
    return Renderer(CollectorRegistry(), "agent", slice_s=0.0, rest_s=0.0)


def whole(document: Any) -> Any:
    """As whoever asks reads it."""
    return json.loads("".join(json_pieces(document)))
