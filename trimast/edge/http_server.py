"""An HTTP server with manners: errors are JSON, bodies are bounded, bad requests are survived."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from trimast.edge.http_connections import ConnectionGuard, guarded_connections
from trimast.edge.listening import CannotListen, reason_of

log = structlog.get_logger()

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
STOP_GRACE_S: Final = 1.0
BACKLOG: Final = 512


def new_application(*, body_bytes_max: int = BODY_BYTES_MAX) -> web.Application:
    """Mount routes on it, then serve it. A path nobody mounted is answered 404, as JSON."""
    app = web.Application(
        client_max_size=body_bytes_max, middlewares=[_errors_as_json, _refuse_compressed]
    )
    app.on_response_prepare.append(_forbid_sniffing)
    return app


def json_error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)


class HttpServer:
    """Serves `app` from `start` to `stop`.

    Args:
        port: 0 picks a free one; `port` says which, once started.
    """

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        self._host = host
        self.port = port
        self._guard = ConnectionGuard()
        app.middlewares.insert(0, self._guard.middleware)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=STOP_GRACE_S
        )
        self._listening: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Raises CannotListen."""
        await self._runner.setup()
        connections = guarded_connections(self._guard, self._runner.server)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                connections, self._host, self.port, backlog=BACKLOG, reuse_port=False
            )
        except OSError as error:
            await self._runner.cleanup()
            raise CannotListen("HTTP", self._host, self.port, reason_of(error)) from error
        self.port = int(self._listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Requests under way get a moment to end."""
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = json_error(error.status, error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:
        # One request's failure is no reason to end what a thousand others rely on.
        log.error("http_request_failed", method=request.method, path=request.path, exc_info=error)
        return json_error(500, "internal error; the log says more")


@web.middleware
async def _refuse_compressed(request: web.Request, handler: _Handler) -> web.StreamResponse:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        return json_error(415, "the body of a request must not be compressed")
    return await handler(request)


async def _forbid_sniffing(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
