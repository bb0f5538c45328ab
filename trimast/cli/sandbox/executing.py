"""`trimast task exec`: a command beside a task."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import click
from yarl import URL

from trimast.cli.connecting import chosen_masters, masters_options
from trimast.cli.failing import Failed, run_async
from trimast.cli.sandbox.finding import framework_option, place_of_task

PIECE_BYTES: Final = 32 * 1024
LINE_BYTES_MAX: Final = 256 * 1024
CONNECT_TIMEOUT_S: Final = 10.0


@click.command("exec")
@click.argument("task_id")
@masters_options
@framework_option
@click.option("-i", "--stdin", "has_stdin", is_flag=True, help="Let it read what this reads.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD ...")
def execute(
    task_id: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    has_stdin: bool,
    command: tuple[str, ...],
) -> None:
    """Run a command beside a task, and end with its exit code.

    It runs on the task's machine, in the task's sandbox, with its user and its environment. It ends
    when this ends. The agent must allow it: see its --allow-exec.
    """
    masters = chosen_masters(master, folder, timeout_s)
    row, address = place_of_task(masters, task_id, framework_id)
    path = f"/exec/{quote(row['framework_id'], safe='')}/{quote(task_id, safe='')}"
    url = URL(f"http://{address}{path}", encoded=True)
    try:
        code = run_async(lambda: _run(url, command, has_stdin))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


async def _run(url: URL, command: tuple[str, ...], has_stdin: bool) -> int:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
    body = _body(command, has_stdin)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, read_bufsize=LINE_BYTES_MAX) as session,
            session.post(url, data=body) as response,
        ):
            if response.status != 200:
                raise Failed(f"the agent answered {response.status}: {await _detail(response)}")
            async for line in response.content:
                code = _print(json.loads(line))
                if code is not None:
                    return code
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Failed(f"the agent at {url.authority} cannot be reached: {error}") from error
    raise Failed("the agent went away; how the command ended is not known")


async def _body(command: tuple[str, ...], has_stdin: bool) -> AsyncIterator[bytes]:
    yield json.dumps({"command": command}).encode() + b"\n"
    if not has_stdin:
        return
    try:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while data := await reader.read(PIECE_BYTES):
            yield data
    except ValueError:
        # A file: reading that keeps nobody waiting.
        while data := await asyncio.to_thread(sys.stdin.buffer.read, PIECE_BYTES):
            yield data


def _print(document: dict[str, Any]) -> int | None:
    """The exit code, if that is what has come."""
    if "exit_code" in document:
        return int(document["exit_code"])
    if "signal" in document:
        return 128 + int(document["signal"])
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        if name in document:
            stream.buffer.write(base64.b64decode(document[name]))
            stream.buffer.flush()
    return None


async def _detail(response: aiohttp.ClientResponse) -> str:
    text = await response.text(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text[:200]
