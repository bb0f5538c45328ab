"""`trimast frameworks`: who runs tasks."""

from pathlib import Path

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import run_async
from trimast.cli.listing import Row, completed_option, json_option, print_rows
from trimast.cli.portions import portions

COLUMNS = ("id", "state", "name", "user", "tasks", "used", "failover_timeout_ms")


@click.command()
@masters_options
@completed_option
@json_option
def frameworks(
    master: str | None, folder: Path | None, timeout_s: float, completed: bool, as_json: bool
) -> None:
    """List frameworks."""
    masters = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: framework_rows(masters, completed))
    print_rows(rows, COLUMNS, as_json=as_json, none="no frameworks")


async def framework_rows(masters: Masters, completed: bool) -> list[Row]:
    request = cluster_pb2.ListFrameworksRequest(completed=completed)
    async with the_leader(masters) as leader:
        call = leader.ListFrameworks(request)
        return [
            {name: getattr(row, name) for name in COLUMNS}
            async for portion in portions(call, silence_max_s=masters.timeout_s)
            for row in portion.frameworks
        ]
