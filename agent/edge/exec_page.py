"""`POST /exec/<framework>/<task>`: runs a command beside a task: its user, sandbox, environment.

The body is a line of JSON, {"command": ["program", ...]}, and then what the command reads. The
answer is a line of JSON for each piece that it writes, {"stdout": base64} or {"stderr": base64},
and one for its end, {"exit_code": n} or {"signal": n}. Whoever hangs up ends it.
"""

import asyncio
import base64
import contextlib
import ipaddress
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import ClientError, web

from agent.edge import become
from agent.edge.running_process import NotRunning, likeness_of
from agent.edge.sandboxes import Sandboxes
from agent.state import AgentState
from agent.tasks import Phase, Task, TaskKey
from trimast.edge.http_server import json_error
from trimast.model.ids import FrameworkId, TaskId

log = structlog.get_logger()

AT_ONCE_MAX: Final = 16
PIECE_BYTES: Final = 32 * 1024
COMMAND_TIMEOUT_S: Final = 10.0
GONE_POLL_S: Final = 0.5


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
    """

    def __init__(
        self,
        state: AgentState,
        sandboxes: Sandboxes,
        *,
        is_allowed: bool,
        in_container: Callable[[TaskKey, int], bool] = lambda key, fence: False,
    ) -> None:
        self._in_container = in_container
        self._state = state
        self._sandboxes = sandboxes
        self._is_allowed = is_allowed
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
        self._running += 1
        try:
            command = await _command(request)
            process = await _start(command, task, sandbox)
            log.info("command_run", **key._asdict(), program=command[0], pid=process.pid)
            return await _attend(request, process)
        except BadCommand as error:
            return json_error(400, str(error))
        except NotRunning:
            return json_error(404, "the task has just ended")
        finally:
            self._running -= 1


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


async def _start(command: list[str], task: Task, sandbox: Path) -> asyncio.subprocess.Process:
    """Raises BadCommand, NotRunning."""
    like = await asyncio.to_thread(likeness_of, task.pid, task.start_ticks)
    user = [like.uid, like.gid, like.groups] if os.geteuid() == 0 else None
    orders = _file_of({"environment": like.environment, "user": user})
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", become.__file__, str(orders)),
            *command,
            cwd=sandbox,
            env={},
            pass_fds=(orders,),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise BadCommand(f"it cannot be run: {error}") from None
    finally:
        os.close(orders)


def _file_of(document: Any) -> int:
    """In memory: it has secrets, which arguments would show to everybody."""
    file = os.memfd_create("orders", os.MFD_CLOEXEC)
    os.write(file, json.dumps(document).encode())
    os.lseek(file, 0, os.SEEK_SET)
    return file


async def _attend(request: web.Request, process: asyncio.subprocess.Process) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    tasks: list[asyncio.Task[Any]] = []
    try:
        await response.prepare(request)
        assert process.stdout is not None
        assert process.stderr is not None
        outputs = [
            asyncio.create_task(_pump(process.stdout, "stdout", response)),
            asyncio.create_task(_pump(process.stderr, "stderr", response)),
        ]
        feeding = asyncio.create_task(_feed(request, process))
        gone = asyncio.create_task(_until_gone(request))
        ended = asyncio.create_task(process.wait())
        tasks = [*outputs, feeding, gone, ended]
        await asyncio.wait([ended, gone], return_when=asyncio.FIRST_COMPLETED)
        _end_group(process)
        await asyncio.wait([ended])
        await asyncio.gather(*outputs)
        await response.write(_line(_how_it_ended(ended.result())))
        await response.write_eof()
    except (OSError, ClientError):
        pass  # Nobody listens any more.
    finally:
        _end_group(process)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return response


async def _pump(source: asyncio.StreamReader, name: str, response: web.StreamResponse) -> None:
    while data := await source.read(PIECE_BYTES):
        await response.write(_line({name: base64.b64encode(data).decode()}))


async def _feed(request: web.Request, process: asyncio.subprocess.Process) -> None:
    target = process.stdin
    assert target is not None
    # A command need not read what it is given.
    with contextlib.suppress(OSError, ClientError):
        while data := await request.content.readany():
            target.write(data)
            await target.drain()
    target.close()


async def _until_gone(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(GONE_POLL_S)


def _end_group(process: asyncio.subprocess.Process) -> None:
    """With all that it has left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how_it_ended(code: int) -> dict[str, int]:
    return {"signal": -code} if code < 0 else {"exit_code": code}


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"
