"""Pages over HTTP: called by a function if asked, compressed, and large ones piece by piece."""

import asyncio
import gzip
import re
from collections.abc import Mapping
from typing import Final

import structlog
from aiohttp import web

from trimast.edge.mesos_http import JSON, Refusal
from trimast.edge.record_stream import TAKEN_WITHIN_S

log = structlog.get_logger()

COMPRESSED_FROM_BYTES: Final = 1024
PIECE_BYTES: Final = 64 * 1024
_IN_A_THREAD_FROM_BYTES: Final = 64 * 1024
NOTHING_MORE: Final[Mapping[str, str]] = {}
_FAST: Final = 1
_FUNCTION: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,127}")


async def text_answer(
    request: web.Request, body: bytes, more: Mapping[str, str] = NOTHING_MORE
) -> web.StreamResponse:
    """
    Args:
        body: ASCII, so that it may stand in a script as it is.
        more: headers.

    Raises:
        Refusal: with `jsonp` it is to call something that is no function's name.
    """
    function = request.query.get("jsonp")
    headers = {**more, "Content-Type": JSON}
    if function is not None:
        if _FUNCTION.fullmatch(function) is None:
            raise Refusal(400, "jsonp must be the name of a function")
        body = function.encode("ascii") + b"(" + body + b");"
        headers["Content-Type"] = "text/javascript"
    if len(body) >= COMPRESSED_FROM_BYTES and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = await _compressed(body)
    return await whole_answer(request, body, headers)


async def whole_answer(
    request: web.Request, body: bytes, headers: dict[str, str]
) -> web.StreamResponse:
    """A large one goes out piece by piece, to nobody who does not take them: what is written at
    once would be kept for each reader until it has been read."""
    if len(body) <= PIECE_BYTES or request.method == "HEAD":
        return web.Response(body=body, headers=headers)
    response = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
    try:
        async with asyncio.timeout(TAKEN_WITHIN_S) as patience:
            await response.prepare(request)
            for begin in range(0, len(body), PIECE_BYTES):
                await response.write(body[begin : begin + PIECE_BYTES])
                now_s = asyncio.get_running_loop().time()
                patience.reschedule(now_s + TAKEN_WITHIN_S)
            await response.write_eof()
    except TimeoutError:
        log.warning("slow_reader_cut_off", peer=request.remote)
        if request.transport is not None:
            request.transport.abort()
    return response


def accepts_gzip(request: web.Request) -> bool:
    for part in request.headers.get("Accept-Encoding", "").split(","):
        name, _, quality = part.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


async def _compressed(body: bytes) -> bytes:
    if len(body) < _IN_A_THREAD_FROM_BYTES:
        return gzip.compress(body, _FAST, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _FAST, mtime=0)
