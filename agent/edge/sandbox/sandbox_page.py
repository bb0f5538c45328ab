"""`GET /sandbox/<framework>/<task>/<stdout|stderr>`: what a task has written, a piece at a time.

Also of the older files that are kept, `stdout.1` and so on.
"""

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Final

from aiohttp import web

from agent.edge.sandbox.log_rotation import dropped_bytes
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.tasks import TaskKey
from trimast.edge.http_server import json_error
from trimast.model.ids import FrameworkId, TaskId

READ_BYTES_MAX: Final = 1024 * 1024
OFFSET_MAX: Final = 2**63 - 1 - READ_BYTES_MAX
SIZE_HEADER: Final = "Trimast-File-Bytes"
DROPPED_HEADER: Final = "Trimast-File-Dropped-Bytes"
"""How much was taken off the front of the file: its offset 0 is that of what was ever written."""


class BadQuery(ValueError):
    """Names the parameter and says what it may be."""


def add_sandbox_page(
    app: web.Application, sandboxes: Sandboxes, rotation: "threading.Lock | None" = None
) -> None:
    """
    Args:
        rotation: held while the front of a file is taken off.
    """
    lock = rotation or threading.Lock()

    async def output(request: web.Request) -> web.Response:
        try:
            offset = _number(request, "offset", 0, OFFSET_MAX)
            length = _number(request, "length", READ_BYTES_MAX, READ_BYTES_MAX)
        except BadQuery as error:
            return json_error(400, str(error))
        names = request.match_info
        # Looked up, never joined: a name that no task bears leads nowhere.
        key = TaskKey(FrameworkId(names["framework_id"]), TaskId(names["task_id"]))
        sandbox = sandboxes.find(key)
        if sandbox is None:
            return json_error(404, "no sandbox of such a task is here")
        try:
            path = sandbox / names["file"]
            data, file_bytes, dropped = await asyncio.to_thread(_read, path, offset, length, lock)
        except OSError as error:
            return json_error(404, f"{names['file']}: {os.strerror(error.errno or 0).lower()}")
        return web.Response(
            body=data,
            content_type="application/octet-stream",
            headers={
                SIZE_HEADER: str(file_bytes),
                DROPPED_HEADER: str(dropped),
                "Content-Disposition": "attachment",
            },
        )

    file = r"{file:(?:stdout|stderr)(?:\.[0-9]{1,4})?}"
    app.router.add_get("/sandbox/{framework_id}/{task_id}/" + file, output)


def _read(path: Path, offset: int, length: int, lock: threading.Lock) -> tuple[bytes, int, int]:
    """And how large the file is, and how much of it is gone by now.

    The task owns its sandbox: it may have put anything there.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError(2, "not a regular file")
        with lock:
            return os.pread(file, length, offset), os.fstat(file).st_size, dropped_bytes(file)
    finally:
        os.close(file)


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= most):
        raise BadQuery(f"{name} must be a whole number from 0 to {most}, not {text[:40]!r}")
    return int(text)
