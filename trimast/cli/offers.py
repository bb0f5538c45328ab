"""`trimast offers`: what is offered to whom at this moment."""

from pathlib import Path

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import run_async
from trimast.cli.listing import Row, json_option, print_rows

COLUMNS = ("id", "state", "framework_id", "agent_id", "resources")


@click.command()
@masters_options
@json_option
def offers(master: str | None, folder: Path | None, timeout_s: float, as_json: bool) -> None:
    """List offers that no framework has answered yet."""
    masters = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: offer_rows(masters))
    print_rows(rows, COLUMNS, as_json=as_json, none="no offers are open")


async def offer_rows(masters: Masters) -> list[Row]:
    async with the_leader(masters) as leader:
        reply = await leader.ListOffers(cluster_pb2.ListOffersRequest(), timeout=masters.timeout_s)
    return [{name: getattr(row, name) for name in COLUMNS} for row in reply.offers]
