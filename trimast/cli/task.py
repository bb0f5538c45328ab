"""`trimast task ...`: what can be done to one task."""

import sys
import time
from pathlib import Path
from typing import Final

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import Failed, WrongUse, run_async
from trimast.cli.listing import Row
from trimast.cli.sandbox.executing import execute
from trimast.cli.sandbox.files import files
from trimast.cli.sandbox.finding import found_tasks, framework_option, place_of_task, whose
from trimast.cli.sandbox.task_output import TaskOutput
from trimast.model.task_lifecycle import TERMINAL_STATES

FOLLOW_POLL_S: Final = 0.25
STATE_POLL_S: Final = 1.0


@click.group()
def task() -> None:
    """One task."""


task.add_command(files)
task.add_command(execute)


@task.command("logs")
@click.argument("task_id")
@masters_options
@framework_option
@click.option("--stderr", "is_stderr", is_flag=True, help="Its stderr instead of its stdout.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the task ends.")
@click.option(
    "--tail",
    "lines",
    type=click.IntRange(min=0),
    metavar="LINES",
    help="Only the last lines of what is there.",
)
def logs(
    task_id: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    is_stderr: bool,
    follow: bool,
    lines: int | None,
) -> None:
    """Print what a task wrote.

    What has been rotated away is in the files stdout.1, stdout.2, ...: see `trimast task files`.
    """
    masters = chosen_masters(master, folder, timeout_s)
    row, address = place_of_task(masters, task_id, framework_id)
    name = "stderr" if is_stderr else "stdout"
    output = TaskOutput(address, row["framework_id"], task_id, name)
    try:
        if lines is not None:
            output.skip_to_last(lines)
        # A task may write faster than this can print.
        _copy(output, until=output.written_bytes())
        has_ended, looked_s = not follow, time.monotonic()
        while not has_ended:
            time.sleep(FOLLOW_POLL_S)
            if time.monotonic() - looked_s >= STATE_POLL_S:
                state = found_tasks(masters, task_id, row["framework_id"])[0]["state"]
                has_ended, looked_s = state in TERMINAL_STATES, time.monotonic()
            # After the look: what a task wrote before its end is there by then.
            _copy(output)
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
    launches = found_tasks(masters, task_id, framework_id)
    alive = [row for row in launches if row["state"] not in TERMINAL_STATES]
    if not alive:
        raise Failed(f"{task_id} has ended already: {launches[0]['state']}")
    if len(alive) > 1:
        raise WrongUse(f"several frameworks run a {task_id}; name one: --framework {whose(alive)}")
    return alive[0]


def _copy(output: TaskOutput, *, until: int | None = None) -> None:
    """Print all there is by now.

    Args:
        until: as far as that at least, and not much further.
    """
    missed = output.missed_bytes
    while (until is None or output.position < until) and (piece := output.read()):
        if output.missed_bytes > missed:
            lost, missed = output.missed_bytes - missed, output.missed_bytes
            click.echo(f"trimast: {lost} bytes were rotated away before they were read", err=True)
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
