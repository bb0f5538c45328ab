"""`trimast task ...`: what can be done to one task."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.agents import agent_rows
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import Failed, WrongUse, run_async
from trimast.cli.listing import Row
from trimast.cli.tasks import task_rows
from trimast.model.task_lifecycle import TERMINAL_STATES

PIECE_BYTES: Final = 64 * 1024
HTTP_TIMEOUT_S: Final = 10.0
FOLLOW_POLL_S: Final = 0.25
STATE_POLL_S: Final = 1.0

framework_option = click.option(
    "--framework", "framework_id", default="", metavar="ID", help="Whose task, if several have it."
)


@click.group()
def task() -> None:
    """One task."""


@task.command("logs")
@click.argument("task_id")
@masters_options
@framework_option
@click.option("--stderr", "is_stderr", is_flag=True, help="Its stderr instead of its stdout.")
@click.option("--follow", is_flag=True, help="Go on until the task ends.")
def logs(
    task_id: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    is_stderr: bool,
    follow: bool,
) -> None:
    """Print what a task wrote."""
    masters = chosen_masters(master, folder, timeout_s)
    launches = _found(masters, task_id, framework_id)
    row = launches[0]
    if len({each["framework_id"] for each in launches}) > 1:
        click.echo(
            f"trimast: several frameworks have had a {task_id}; this is the last one's. "
            f"--framework names another: {_whose(launches[1:])}",
            err=True,
        )
    agent = next((a for a in _agents(masters) if a["id"] == row["agent_id"]), None)
    if agent is None or not agent["http"]:
        raise Failed(f"the agent of {task_id}, {row['agent_id']!r}, is not known any more")
    name = "stderr" if is_stderr else "stdout"
    path = "/".join(quote(part, safe="") for part in (row["framework_id"], task_id, name))
    read = _reader(f"http://{agent['http']}/sandbox/{path}")
    try:
        offset = _copy(read, 0)
        has_ended, looked_s = not follow, time.monotonic()
        while not has_ended:
            time.sleep(FOLLOW_POLL_S)
            if time.monotonic() - looked_s >= STATE_POLL_S:
                state = _found(masters, task_id, row["framework_id"])[0]["state"]
                has_ended, looked_s = state in TERMINAL_STATES, time.monotonic()
            # After the look: what a task wrote before its end is there by then.
            offset = _copy(read, offset)
    except KeyboardInterrupt:
        sys.exit(130)


@task.command("kill")
@click.argument("task_id")
@masters_options
@framework_option
@click.option(
    "--grace",
    "grace_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Between asking it to end and ending it.  [default: the task's own]",
)
def kill(
    task_id: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    grace_s: float | None,
) -> None:
    """End a task. Returns when the order is given, not when the task has ended."""
    masters = chosen_masters(master, folder, timeout_s)
    row = _alive(masters, task_id, framework_id)
    run_async(lambda: _kill(masters, row, grace_s))
    click.echo(f"{task_id} is told to end", err=True)


async def _kill(masters: Masters, row: Row, grace_s: float | None) -> None:
    request = cluster_pb2.OperatorKillTaskRequest(
        framework_id=row["framework_id"], task_id=row["id"]
    )
    if grace_s is not None:
        request.grace_ms = round(grace_s * 1000)
    async with the_leader(masters) as leader:
        await leader.KillTask(request, timeout=masters.timeout_s)


@task.command("pause")
@click.argument("task_id")
@masters_options
@framework_option
def pause(
    task_id: str, master: str | None, folder: Path | None, timeout_s: float, framework_id: str
) -> None:
    """Hold a task where it is, until it is resumed or killed. It keeps its resources."""
    _pause(chosen_masters(master, folder, timeout_s), task_id, framework_id, paused=True)


@task.command("resume")
@click.argument("task_id")
@masters_options
@framework_option
def resume(
    task_id: str, master: str | None, folder: Path | None, timeout_s: float, framework_id: str
) -> None:
    """Have a paused task go on."""
    _pause(chosen_masters(master, folder, timeout_s), task_id, framework_id, paused=False)


def _pause(masters: Masters, task_id: str, framework_id: str, *, paused: bool) -> None:
    row = _alive(masters, task_id, framework_id)
    request = cluster_pb2.OperatorPauseTaskRequest(
        framework_id=row["framework_id"], task_id=task_id, paused=paused
    )

    async def ask() -> None:
        async with the_leader(masters) as leader:
            await leader.PauseTask(request, timeout=masters.timeout_s)

    run_async(ask)
    click.echo(f"{task_id} is told to {'pause' if paused else 'go on'}", err=True)


def _alive(masters: Masters, task_id: str, framework_id: str) -> Row:
    """The one launch of the task that has not ended."""
    launches = _found(masters, task_id, framework_id)
    alive = [row for row in launches if row["state"] not in TERMINAL_STATES]
    if not alive:
        raise Failed(f"{task_id} has ended already: {launches[0]['state']}")
    if len(alive) > 1:
        raise WrongUse(f"several frameworks run a {task_id}; name one: --framework {_whose(alive)}")
    return alive[0]


def _found(masters: Masters, task_id: str, framework_id: str) -> list[Row]:
    """Every launch of the task, the last one first: an id may be used again, and by others."""
    rows = run_async(lambda: task_rows(masters, framework_id, True))
    found = [row for row in rows if row["id"] == task_id]
    if not found:
        where = f" in framework {framework_id}" if framework_id else ""
        raise Failed(f"no task {task_id!r} is known{where}; see: trimast tasks --completed")
    return sorted(found, key=lambda row: int(row["fence"]), reverse=True)


def _whose(rows: list[Row]) -> str:
    return ", ".join(dict.fromkeys(row["framework_id"] for row in rows))


def _agents(masters: Masters) -> list[Row]:
    return run_async(lambda: agent_rows(masters))


def _reader(url: str) -> Callable[[int], bytes]:
    """Reads one piece of a file from an offset on."""
    opener = build_opener(ProxyHandler({}))

    def read(offset: int) -> bytes:
        place = f"{url}?offset={offset}&length={PIECE_BYTES}"
        try:
            with opener.open(place, timeout=HTTP_TIMEOUT_S) as response:
                piece: bytes = response.read()
        except HTTPError as error:
            raise Failed(f"the agent answered {error.code}: {_detail(error)}") from error
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise Failed(f"the agent at {url.split('/')[2]} cannot be reached: {reason}") from error
        return piece

    return read


def _copy(read: Callable[[int], bytes], offset: int) -> int:
    """Print all there is from `offset` on. Returns where it ends."""
    while piece := read(offset):
        sys.stdout.buffer.write(piece)
        offset += len(piece)
    sys.stdout.buffer.flush()
    return offset


def _detail(error: HTTPError) -> str:
    text = error.read(2_000).decode(errors="replace").strip()
    try:
        document: Any = json.loads(text)
    except ValueError:
        return text or str(error.reason)
    return str(document.get("error", text)) if isinstance(document, dict) else text
