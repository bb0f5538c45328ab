"""A fetcher on a real directory, and a server that can be told to misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from agent.edge.fetcher.fetch_metrics import FetchMetrics
from agent.edge.fetcher.fetcher import Fetcher
from agent.edge.fetcher.rules import FetchRules
from trimast.edge.http_server import HttpServer
from trimast.model.uri import Uri

RULES = FetchRules(allow_loopback=True, bytes_max=3_000_000, stall_ms=20_000)


class Server:
    """
    Attributes:
        asked: the paths, in order.
        pages: what is at a path.
        gate: `/slow` sends half of what it has, and then waits for this.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.is_waiting = asyncio.Event()
        self.address = ""

    def uri(self, path: str, **more: Any) -> Uri:
        return Uri(f"http://{self.address}{path}", **more)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path_qs
        self.asked.append(path)
        if path in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[path]})
        if path.startswith("/slow"):
            return await self._slowly(request)
        if path not in self.pages:
            return web.Response(status=404)
        if path.startswith("/chunked"):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(self.pages[path])
            return response
        return web.Response(body=self.pages[path])

    async def _slowly(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "8"})
        await response.prepare(request)
        await response.write(b"half")
        self.is_waiting.set()
        await self.gate.wait()
        await response.write(b"half")
        return response


class Rig:
    def __init__(self, root: Path, server: Server, **rules: Any) -> None:
        self.registry = CollectorRegistry()
        self.server = server
        self.folder = root / "fetch"
        self.box = root / "box"
        self.box.mkdir()
        self.fetcher = Fetcher(self.folder, replace(RULES, **rules), FetchMetrics(self.registry))
        self.fetcher.open()

    async def fetch(self, *uris: Uri) -> None:
        await self.fetcher.fetch(uris, self.box, None)

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"trimast_agent_{name}", labels)


@asynccontextmanager
async def fetching(root: Path, **rules: Any) -> AsyncIterator[Rig]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    http = HttpServer(app, host="127.0.0.1", port=0)
    await http.start()
    server.address = http.address
    rig = Rig(root, server, **rules)
    try:
        yield rig
    finally:
        server.gate.set()
        await rig.fetcher.close()
        await http.stop()
