"""Who is connected over HTTP: not more than can be served, and nobody who says nothing for long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiohttp import web

log = structlog.get_logger()

CONNECTIONS_MAX: Final = 2_000
FIRST_REQUEST_MAX_S: Final = 10.0
"""So long the head of a first request may take."""
IDLE_MAX_S: Final = 75.0
"""Between two requests."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConnectionGuard:
    """Who has asked for something keeps its place; of the others the one that came first goes when
    there are too many. So those who only hold connections cannot keep out those who use them."""

    def __init__(
        self,
        *,
        connections_max: int = CONNECTIONS_MAX,
        first_request_max_s: float = FIRST_REQUEST_MAX_S,
    ) -> None:
        self._connections_max = connections_max
        self._first_request_max_s = first_request_max_s
        self._silent: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}
        self._transports: dict[asyncio.BaseProtocol, asyncio.Transport] = {}

    def __len__(self) -> int:
        return len(self._transports)

    def made(self, connection: asyncio.BaseProtocol, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._transports[connection] = transport
        self._silent[connection] = loop.call_later(
            self._first_request_max_s, self._drop, connection
        )
        if len(self._transports) > self._connections_max:
            self._drop(next(iter(self._silent)))

    def asked(self, connection: asyncio.BaseProtocol) -> None:
        """It has sent a whole head."""
        alarm = self._silent.pop(connection, None)
        if alarm is not None:
            alarm.cancel()

    def lost(self, connection: asyncio.BaseProtocol) -> None:
        self.asked(connection)
        self._transports.pop(connection, None)

    @web.middleware
    async def middleware(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self.asked(request.protocol)
        return await handler(request)

    def _drop(self, connection: asyncio.BaseProtocol) -> None:
        log.debug("silent_connection_dropped", connections=len(self._transports))
        transport = self._transports.pop(connection, None)
        self.asked(connection)
        if transport is not None:
            transport.abort()


class GuardedConnection(web.RequestHandler):
    def __init__(self, guard: ConnectionGuard, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=IDLE_MAX_S,
            # A few bytes may be made into very many: who compresses a request is refused.
            auto_decompress=False,
        )
        self._guard = guard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self._guard.made(self, transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guard.lost(self)
        super().connection_lost(exc)


def guarded_connections(guard: ConnectionGuard, server: Any) -> Callable[[], GuardedConnection]:
    return lambda: GuardedConnection(guard, server)
