"""Answers as the older endpoints of Mesos give them, and the many paths at which they do."""

import json
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from typing import Any, Final

from aiohttp import web

from agent.edge.mesos.json_pieces import json_pieces
from trimast.edge.http_server import json_error
from trimast.edge.mesos_http import Refusal
from trimast.edge.page_answers import NOTHING_MORE, text_answer
from trimast.edge.rendering import Renderer

PREFIXES: Final = ("", "/slave(1)")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def json_answer(
    request: web.Request, document: Any, more: Mapping[str, str] = NOTHING_MORE
) -> web.StreamResponse:
    """With `jsonp=NAME` a call of that function; shorter for those who ask for it so.

    Args:
        more: headers.

    Raises:
        Refusal: that is no name of a function.
    """
    return await text_answer(request, json.dumps(document).encode("ascii"), more)


async def listing_answer(
    request: web.Request, renderer: Renderer, key: Hashable, document: Callable[[], Any]
) -> web.StreamResponse:
    """The same of a document that may be large.

    Args:
        key: the same for the same document.
        document: called once it is its turn; holds iterators, see `json_pieces`.

    Raises:
        Refusal: as `json_answer`, or too much is asked for at once.
    """

    def begin() -> Iterator[bytes]:
        return (piece.encode("ascii") for piece in json_pieces(document()))

    return await text_answer(request, await renderer.render(key, begin))


def add_everywhere(app: web.Application, path: str, handler: Handler) -> None:
    """With the prefix of the process or without, as `.json`, with more of a path after it, and
    by any method: so clients of Mesos ask for it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return json_error(refusal.status, str(refusal))

    for prefix in PREFIXES:
        for ending in ("", ".json", "/{rest:.*}"):
            app.router.add_route("*", f"{prefix}{path}{ending}", answer)
