"""Under which paths clients of Mesos look for an endpoint."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIXES: Final = ("", "/master")


def add_endpoint(app: web.Application, path: str, handler: Handler) -> None:
    """Whatever the method, with a slash or anything else behind it: Mesos looks at neither."""
    for prefix in PREFIXES:
        app.router.add_route("*", prefix + path, handler)
        app.router.add_route("*", f"{prefix}{path}.json", handler)
        app.router.add_route("*", f"{prefix}{path}/{{rest:.*}}", handler)
