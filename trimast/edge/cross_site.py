"""Whether a browser asks in the name of a page of another site: then it is refused.

Whoever operates a cluster also visits other pages, and their scripts must not reach it through the
browser: neither by asking this server, nor by having a name of theirs point to this machine.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from trimast.model.addresses import address_in

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})


class CrossSiteGuard:
    """
    Args:
        is_local: only this machine reaches the server, so nobody else's name can be meant.
    """

    def __init__(self, *, is_local: bool) -> None:
        self._is_local = is_local

    @web.middleware
    async def middleware(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if fault_of(request.method, request.headers, is_local=self._is_local) is not None:
            return web.Response(status=403, text="This was asked for by a page of another site")
        return await handler(request)


def fault_of(method: str, headers: Mapping[str, str], *, is_local: bool) -> str | None:
    """By which header it shows; None if it does not."""
    host = headers.get("Host", "")
    if is_local and not _is_local_name(host):
        return "Host"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "Origin"
    if headers.get("Sec-Fetch-Site") not in _ELSEWHERE:
        return None
    # A link on another page may lead here.
    is_visit = method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
    return None if is_visit else "Sec-Fetch-Site"


def _is_local_name(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname if host else ""
    if not name:
        return True  # As older clients ask, and no browser.
    # Nobody has a name without a dot for a page that others visit.
    return "." not in name or name.endswith(".localhost") or address_in(name) is not None
