"""Answers as the older endpoints of Mesos give them, and the many paths at which they do."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from trimast.edge.http_server import json_error

PREFIXES: Final = ("", "/slave(1)")
GZIP_FROM_BYTES: Final = 1024
_JSONP: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,127}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_answer(request: web.Request, document: Any) -> web.Response:
    """With `jsonp=NAME` a call of that function; shorter for those who ask for it so."""
    text = json.dumps(document)
    name = request.query.get("jsonp")
    content_type = "application/json"
    if name is not None:
        if _JSONP.fullmatch(name) is None:
            fault = f"jsonp must be the name of a function, not {name[:40]!r}"
            return json_error(400, fault)
        # Two characters that JSON has and JavaScript had not.
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        text, content_type = f"{name}({text});", "text/javascript"
    response = web.Response(text=text, content_type=content_type)
    wants_gzip = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    if wants_gzip and len(text) >= GZIP_FROM_BYTES:
        response.enable_compression(web.ContentCoding.gzip)
    return response


def add_everywhere(app: web.Application, path: str, handler: Handler) -> None:
    """With the prefix of the process or without, as `.json`, with more of a path after it, and
    by any method: so clients of Mesos ask for it."""
    for prefix in PREFIXES:
        for ending in ("", ".json", "/{rest:.*}"):
            app.router.add_route("*", f"{prefix}{path}{ending}", handler)
