"""`/files/browse`, `/files/read` and `/files/download`, in the shapes of Mesos."""

import asyncio
import errno
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from aiohttp import web

from agent.edge.mesos.answers import add_everywhere, json_answer
from agent.edge.sandbox.files_places import FilePlace, FilePlaces
from agent.edge.sandbox.sandbox_files import list_directory, open_file
from trimast.edge.http_server import json_error

READ_BYTES_MAX: Final = 16 * 4096
PIECE_BYTES: Final = 256 * 1024
OFFSET_MAX: Final = 2**63 - 1 - READ_BYTES_MAX
READER_PATIENCE_S: Final = 60.0
LEFT_OFF_HEADER: Final = "Trimast-Entries-Left-Off"
_STATUS: Final = {
    errno.EACCES: 403,
    errno.EPERM: 403,
    errno.ELOOP: 403,
    errno.EXDEV: 403,
    errno.ENOENT: 404,
    errno.ENOTDIR: 404,
    errno.ENAMETOOLONG: 404,
    errno.EISDIR: 400,
    errno.EINVAL: 400,
    errno.ENXIO: 400,
}

Handler = Callable[[web.Request, FilePlace], Awaitable[web.StreamResponse]]


class BadQuery(ValueError):
    """Names the parameter and says what it may be."""


class FilesApi:
    """
    Args:
        rotation: held while the front of a file is taken off.
    """

    def __init__(self, places: FilePlaces, rotation: threading.Lock) -> None:
        self._places = places
        self._rotation = rotation

    def add_to(self, app: web.Application) -> None:
        for name, handler in (
            ("browse", self._browse),
            ("read", self._read),
            ("download", self._download),
        ):
            add_everywhere(app, f"/files/{name}", self._checked(handler))

    def _checked(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def checked(request: web.Request) -> web.StreamResponse:
            path = request.query.get("path")
            if not path:
                return json_error(400, "Expecting 'path=value' in query")
            place = self._places.find(path)
            if place is None:
                return json_error(404, "no sandbox of a task here has such a path")
            try:
                return await handler(request, place)
            except BadQuery as error:
                return json_error(400, str(error))
            except OSError as error:
                status = _STATUS.get(error.errno or 0)
                if status is None:
                    raise
                return json_error(status, (error.strerror or "").lower())

        return checked

    async def _browse(self, request: web.Request, place: FilePlace) -> web.StreamResponse:
        path = request.query["path"]
        files, left_off = await asyncio.to_thread(list_directory, place, path)
        more = {LEFT_OFF_HEADER: str(left_off)} if left_off else {}
        return await json_answer(request, [facts.document() for facts in files], more)

    async def _read(self, request: web.Request, place: FilePlace) -> web.StreamResponse:
        offset = _number(request, "offset", OFFSET_MAX)
        length = _number(request, "length", OFFSET_MAX)
        offset, data = await asyncio.to_thread(self._piece, place, offset, length)
        document = {"offset": offset, "data": data.decode("utf-8", "replace")}
        return await json_answer(request, document)

    def _piece(self, place: FilePlace, offset: int, length: int) -> tuple[int, bytes]:
        """Without an offset none of it, only how large it is: so do its readers begin."""
        file, size = open_file(place)
        try:
            if offset == -1 or offset > size:
                return size, b""
            wanted = READ_BYTES_MAX if length == -1 else min(length, READ_BYTES_MAX)
            with self._rotation:
                return offset, os.pread(file, wanted, offset)
        finally:
            os.close(file)

    async def _download(self, request: web.Request, place: FilePlace) -> web.StreamResponse:
        file, size = await asyncio.to_thread(open_file, place)
        try:
            name = quote(place.below.rpartition("/")[2].encode("utf-8", "replace"))
            response = web.StreamResponse(
                headers={
                    "Content-Type": "application/octet-stream",
                    "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
                    "Content-Length": str(size),
                }
            )
            await response.prepare(request)
            await _send(request, response, file, size)
            return response
        finally:
            os.close(file)


async def _send(request: web.Request, response: web.StreamResponse, file: int, size: int) -> None:
    offset = 0
    while offset < size:
        data = await asyncio.to_thread(os.pread, file, min(PIECE_BYTES, size - offset), offset)
        if not data:
            # It was cut meanwhile. The reader was promised more, and must not take it for whole.
            if request.transport is not None:
                request.transport.abort()
            return
        offset += len(data)
        async with asyncio.timeout(READER_PATIENCE_S):
            await response.write(data)


def _number(request: web.Request, name: str, most: int) -> int:
    """-1 if there is none."""
    text = request.query.get(name, "-1")
    if text == "-1":
        return -1
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= most):
        raise BadQuery(f"{name} must be a whole number from -1 to {most}, not {text[:40]!r}")
    return int(text)
