"""`trimast agents`: machines, what they have and what of it is used."""

from pathlib import Path

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import run_async
from trimast.cli.listing import Row, json_option, print_rows
from trimast.cli.portions import portions

COLUMNS = ("id", "state", "hostname", "http", "resources", "used", "tasks", "attributes", "version")


@click.command()
@masters_options
@json_option
def agents(master: str | None, folder: Path | None, timeout_s: float, as_json: bool) -> None:
    """List agents."""
    masters = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: agent_rows(masters))
    print_rows(rows, COLUMNS, as_json=as_json, none="no agents; start one: trimast agent --help")


async def agent_rows(masters: Masters) -> list[Row]:
    async with the_leader(masters) as leader:
        call = leader.ListAgents(cluster_pb2.ListAgentsRequest())
        return [
            {name: getattr(row, name) for name in COLUMNS}
            async for portion in portions(call, silence_max_s=masters.timeout_s)
            for row in portion.agents
        ]
