"""`trimast transfer-leader`: have another master lead."""

from pathlib import Path

import click

from protos.trimast.v1 import cluster_pb2
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import run_async


@click.command("transfer-leader")
@masters_options
@click.option("--to", default="", metavar="ID", help="This master. Default: the most up to date.")
def transfer_leader(master: str | None, folder: Path | None, timeout_s: float, to: str) -> None:
    """Have another master lead. Returns when it does; nothing under way is lost."""
    masters = chosen_masters(master, folder, timeout_s)
    leader_id = run_async(lambda: _transfer(masters, to))
    click.echo(f"{leader_id} leads", err=True)


async def _transfer(masters: Masters, to: str) -> str:
    request = cluster_pb2.TransferLeadershipRequest(to=to)
    async with the_leader(masters) as leader:
        reply = await leader.TransferLeadership(request, timeout=masters.timeout_s)
    return reply.leader_id
