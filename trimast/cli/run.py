"""`trimast run`: a command as one task or more, whose end states are shown as they come."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import click

from trimast.cli.connecting import Masters, chosen_masters, masters_options
from trimast.cli.failing import Failed, run_async
from trimast.cli.running import CommandRun
from trimast.framework import DriverSettings, FrameworkRefused, SchedulerDriver
from trimast.model.container import Network
from trimast.model.ids import fault_of_id

COUNT_MAX = 100_000


@click.command(context_settings={"ignore_unknown_options": False})
@masters_options
@click.option(
    "--cpus",
    type=click.FloatRange(min=0.001),
    default=0.1,
    show_default=True,
    help="Cores for each task.",
)
@click.option(
    "--mem",
    "mem_mib",
    type=click.FloatRange(min=1),
    default=32,
    show_default=True,
    help="MiB of memory for each task.",
)
@click.option(
    "--count",
    type=click.IntRange(1, COUNT_MAX),
    default=1,
    show_default=True,
    help="How many tasks; each finds its number, from 0, in TRIMAST_TASK_NUMBER.",
)
@click.option(
    "--network",
    type=click.Choice([network.value for network in Network]),
    default=Network.HOST.value,
    show_default=True,
    help="Of each task: the machine's own, or nothing but a loopback of its own.",
)
@click.option("--name", default="run", show_default=True, help="Of the framework and its tasks.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each end.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD ...")
def run(
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    cpus: float,
    mem_mib: float,
    count: int,
    network: str,
    name: str,
    as_json: bool,
    command: tuple[str, ...],
) -> None:
    """Run a command on the cluster, and end with its exit code.

    With several tasks, the first exit code that is not 0. A task that ends by a signal counts as
    128 and the signal's number, one that is killed or lost as 1. Ctrl-C ends the tasks.
    """
    fault = fault_of_id(f"{name}-{count}")
    if fault is not None:
        raise click.BadParameter(fault, param_hint="--name")
    masters = chosen_masters(master, folder, timeout_s)
    work = CommandRun(
        command,
        count,
        name=name,
        cpus=cpus,
        mem_mib=mem_mib,
        network=Network(network),
        as_json=as_json,
    )
    sys.exit(run_async(lambda: _run(masters, work, name)))


async def _run(masters: Masters, work: CommandRun, name: str) -> int:
    settings = DriverSettings(leader_timeout_ms=round(masters.timeout_s * 1000))
    driver = SchedulerDriver(work, name, masters.addresses, settings=settings)
    with contextlib.suppress(ValueError):
        # Whoever ends this command ends its tasks, however it is done.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel, _this_task())
    try:
        async with driver:
            await driver.stopped()
    except FrameworkRefused as error:
        raise Failed(f"the masters refuse to run this: {error}") from error
    return work.exit_code


def _this_task() -> "asyncio.Task[object]":
    task = asyncio.current_task()
    assert task is not None
    return task


def _cancel(task: "asyncio.Task[object]") -> None:
    task.cancel()
