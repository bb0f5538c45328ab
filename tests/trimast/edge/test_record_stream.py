"""Records one by one, to those that take them."""

import asyncio
import socket

from aiohttp import web

from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.mesos_http import JSON
from trimast.edge.record_stream import NotRead, RecordStream
from trimast.edge.turns import Turns

LONG = scheduler_pb2.Event(type=scheduler_pb2.Event.ERROR)
LONG.error.message = "x" * 1_000_000


def test_who_does_not_read_is_given_up() -> None:
    async def main() -> None:
        outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def handle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            stream = RecordStream(response, JSON, Turns(), taken_within_s=0.05)
            written = 0
            try:
                while True:
                    await stream.write(LONG)
                    written += 1
            except NotRead:
                outcome.set_result(written)
            return response

        app = new_application()
        app.router.add_get("/", handle)
        server = HttpServer(app, host="127.0.0.1", port=0)
        await server.start()
        with socket.socket() as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.connect(("127.0.0.1", server.port))
            idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(20):
                # What the two systems keep between them, and no more.
                assert await outcome < 20
        await server.stop()

    asyncio.run(main())
