"""An HTTP server with manners: errors are JSON, bodies are bounded, bad requests are survived."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from trimast.edge.listening import CannotListen, reason_of

log = structlog.get_logger()

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
STOP_GRACE_S: Final = 1.0


def new_application(*, body_bytes_max: int = BODY_BYTES_MAX) -> web.Application:
    """Mount routes on it, then serve it. A path nobody mounted is answered 404, as JSON."""
    app = web.Application(client_max_size=body_bytes_max, middlewares=[_errors_as_json])
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
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=STOP_GRACE_S
        )

    @property
    def address(self) -> str:
        return f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Raises CannotListen."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port, reuse_port=False)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise CannotListen("HTTP", self._host, self.port, reason_of(error)) from error
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Requests under way get a moment to end."""
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


async def _forbid_sniffing(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
