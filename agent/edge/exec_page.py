"""`POST /exec/<framework>/<task>`: runs a command beside a task, like it and in its cgroup.

The body is a line of JSON, {"command": ["program", ...]}, and then what the command reads. The
answer is a line of JSON for each piece that it writes, {"stdout": base64} or {"stderr": base64},
and one for its end, {"exit_code": n} or {"signal": n}. Whoever hangs up ends it.
"""

import asyncio
import base64
import contextlib
import errno
import ipaddress
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import ClientError, web

from agent.edge.containerizer.beside import BesideFailed, BesideOrder, BesideProcess, Besides
from agent.edge.containerizer.preparing import launch_name
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.state import AgentState
from agent.tasks import Phase, Task, TaskKey
from trimast.edge.http_server import json_error
from trimast.model.ids import FrameworkId, TaskId

log = structlog.get_logger()

AT_ONCE_MAX: Final = 16
PIECE_BYTES: Final = 32 * 1024
COMMAND_TIMEOUT_S: Final = 10.0
GONE_POLL_S: Final = 0.5
NOT_FOUND: Final = 127
NOT_RUN: Final = 126
"""As shells have it."""


class BadCommand(ValueError):
    """Says what would be right."""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ExecPage:
    """
    Args:
        is_allowed: else every call is refused.
        in_container: of a task and its fence. What stands beside its process stands outside.
        count: is told of each command whether it ran, in a word.
    """

    def __init__(
        self,
        state: AgentState,
        sandboxes: Sandboxes,
        besides: Besides,
        *,
        is_allowed: bool,
        count: Callable[[str], None],
        in_container: Callable[[TaskKey, int], bool] = lambda key, fence: False,
    ) -> None:
        self._in_container = in_container
        self._state = state
        self._sandboxes = sandboxes
        self._besides = besides
        self._is_allowed = is_allowed
        self._count = count
        self._running = 0

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/exec/{framework_id}/{task_id}", self._exec)

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        if not self._is_allowed:
            return json_error(403, "this agent runs no commands beside tasks; see its --allow-exec")
        if "Origin" in request.headers:
            return json_error(403, "no page of a browser may do that")
        if self._running >= AT_ONCE_MAX:
            return json_error(503, f"{AT_ONCE_MAX} commands run already")
        names = request.match_info
        key = TaskKey(FrameworkId(names["framework_id"]), TaskId(names["task_id"]))
        task, sandbox = self._state.tasks.get(key), self._sandboxes.find(key)
        if task is None or sandbox is None or task.phase is not Phase.RUNNING:
            return json_error(404, "no such task runs here")
        if self._in_container(key, task.fence):
            return json_error(409, "the task runs in a container: use podman exec on its machine")
        if task.notes.executor_id is not None:
            return json_error(409, f"its executor, {task.notes.executor_id}, runs it as it likes")
        if task.is_paused:
            return json_error(409, "it is paused, and so would be whatever runs beside it")
        self._running += 1
        try:
            command = await _command(request)
            return await self._run(request, task, command, sandbox)
        except BadCommand as error:
            return json_error(400, str(error))
        finally:
            self._running -= 1

    async def _run(
        self, request: web.Request, task: Task, command: list[str], sandbox: Path
    ) -> web.StreamResponse:
        """Raises BadCommand."""
        launch = launch_name((task.key, task.fence))
        order = BesideOrder(launch, command[0], command, sandbox, has_pipes=True)
        try:
            process = await self._besides.start(order)
        except BesideFailed as failure:
            self._count("not_run")
            if failure.is_program:
                return await _say_not_run(request, command[0], failure)
            return json_error(503, f"it cannot be run: {failure}")
        self._count("ran")
        log.info("command_run", **task.key._asdict(), program=command[0], pid=process.pid)
        try:
            return await _attend(request, process, lambda: self._besides.kill(process))
        finally:
            await self._besides.end(process)


async def _command(request: web.Request) -> list[str]:
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            document: Any = json.loads(await request.content.readline())
    except (ValueError, ClientError, TimeoutError) as error:
        raise BadCommand(f"the first line must be a JSON object: {error}") from None
    parts: Any = document.get("command") if isinstance(document, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        parts = []
    command: list[str] = parts
    if not command or not command[0] or any("\0" in part for part in command):
        raise BadCommand('the first line must be {"command": ["program", "argument", ...]}')
    return command


async def _attend(
    request: web.Request, process: BesideProcess, kill: Callable[[], None]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    tasks: list[asyncio.Task[Any]] = []
    pipes = process.pipes
    assert pipes is not None
    try:
        await response.prepare(request)
        outputs = [
            asyncio.create_task(_pump(pipes.stdout, "stdout", response)),
            asyncio.create_task(_pump(pipes.stderr, "stderr", response)),
        ]
        feeding = asyncio.create_task(_feed(request, pipes.stdin))
        gone = asyncio.create_task(_until_gone(request))
        tasks = [*outputs, feeding, gone]
        waited: list[asyncio.Future[Any]] = [process.ended, gone]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        kill()
        await asyncio.wait([process.ended])
        await asyncio.gather(*outputs)
        await response.write(_line(_how_it_ended(process.ended.result())))
        await response.write_eof()
    except (OSError, ClientError):
        pass  # Nobody listens any more.
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return response


async def _say_not_run(
    request: web.Request, program: str, failure: BesideFailed
) -> web.StreamResponse:
    """As a shell would."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    text = f"{program}: {os.strerror(failure.errno)}\n".encode("utf-8", "replace")
    await response.write(_line({"stderr": base64.b64encode(text).decode()}))
    code = NOT_FOUND if failure.errno == errno.ENOENT else NOT_RUN
    await response.write(_line(_how_it_ended(code)))
    await response.write_eof()
    return response


async def _pump(source: asyncio.StreamReader, name: str, response: web.StreamResponse) -> None:
    while data := await source.read(PIECE_BYTES):
        await response.write(_line({name: base64.b64encode(data).decode()}))


async def _feed(request: web.Request, target: asyncio.StreamWriter) -> None:
    # A command need not read what it is given.
    with contextlib.suppress(OSError, ClientError):
        while data := await request.content.readany():
            target.write(data)
            await target.drain()
    target.close()


async def _until_gone(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(GONE_POLL_S)


def _how_it_ended(code: int) -> dict[str, int]:
    return {"signal": -code} if code < 0 else {"exit_code": code}


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"
