"""HTTP Basic authentication of all who speak to a master over HTTP, as with Mesos."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from master.edge.credentials import Credentials
from trimast.model.addresses import is_loopback

log = structlog.get_logger()

_principal: ContextVar[str | None] = ContextVar("principal", default=None)
OPEN_PATHS: Final = frozenset({"/health", "/redirect", "/version"})
"""Asked by what looks for a master, and has no name: they tell nothing else."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def authenticate(
    app: web.Application,
    host: str,
    credentials: Credentials | None,
    registry: CollectorRegistry,
) -> None:
    """Ask who speaks, if there is anybody who is known; and say so where nobody is asked.

    Args:
        host: on which this master listens.
    """
    if credentials is not None:
        app.middlewares.append(Authentication(credentials, registry).middleware)
        log.info("http_authenticates", principals=len(credentials))
    if is_loopback(host):
        return
    doors = ("gRPC",) if credentials is not None else ("HTTP", "gRPC")
    log.warning(
        "not_authenticated",
        doors=" and ".join(doors),
        host=host,
        what="whoever reaches these ports rules the cluster",
        remedy="a network that is trusted; --credentials for HTTP",
    )


class Authentication:
    def __init__(self, credentials: Credentials, registry: CollectorRegistry) -> None:
        self._credentials = credentials
        self._tried = Counter(
            "trimast_master_authentications",
            "Requests over HTTP by whether it was known who made them.",
            ["result"],
            registry=registry,
        )
        for result in ("right", "wrong", "missing"):
            self._tried.labels(result)

    @web.middleware
    async def middleware(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        path = _plain(request.path)
        if path in OPEN_PATHS:
            return await handler(request)
        named = _named_in(request.headers.get("Authorization"))
        if named is not None and self._credentials.are_right(*named):
            self._tried.labels("right").inc()
            token = _principal.set(named[0])
            try:
                return await handler(request)
            finally:
                # The next request on this connection is handled by the same task.
                _principal.reset(token)
        self._tried.labels("missing" if named is None else "wrong").inc()
        if named is not None:
            log.warning("authentication_failed", peer=request.remote, principal=named[0][:80])
        realm = f"mesos-master-{_realm(request.method, path)}"
        headers = {"WWW-Authenticate": f'Basic realm="{realm}"'}
        return web.Response(status=401, headers=headers)


def principal_speaking() -> str | None:
    """Who has made the request that is being handled; None if nobody is asked."""
    return _principal.get()


def _plain(path: str) -> str:
    path = path.removeprefix("/master").rstrip("/")
    return path or "/"


def _realm(method: str, path: str) -> str:
    if path.startswith("/api/v1/scheduler"):
        return "scheduler"
    return "readonly" if method in {"GET", "HEAD"} else "readwrite"


def _named_in(header: str | None) -> tuple[str, str] | None:
    """Principal and secret."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    principal, colon, secret = text.partition(":")
    return (principal, secret) if colon and principal else None
