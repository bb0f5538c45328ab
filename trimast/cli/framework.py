"""`trimast framework ...`: what can be done to one framework."""

from pathlib import Path

import click
import grpc.aio

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import Failed, run_async


@click.group()
def framework() -> None:
    """One framework."""


@framework.command("teardown")
@click.argument("framework_id")
@masters_options
def teardown(framework_id: str, master: str | None, folder: Path | None, timeout_s: float) -> None:
    """End a framework and all its tasks. It cannot come back."""
    masters = chosen_masters(master, folder, timeout_s)
    run_async(lambda: _tear_down(masters, framework_id))
    click.echo(f"{framework_id} is torn down", err=True)


async def _tear_down(masters: Masters, framework_id: str) -> None:
    request = cluster_pb2.TeardownRequest(framework_id=framework_id)
    async with the_leader(masters) as leader:
        try:
            await leader.Teardown(request, timeout=masters.timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            raise Failed(
                f"no framework {framework_id!r} is running; see: trimast frameworks"
            ) from error
