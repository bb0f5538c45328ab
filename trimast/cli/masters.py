"""`trimast masters`: who leads, and how far each master is. Each is asked itself."""

import asyncio
from pathlib import Path
from random import Random
from typing import Final

import click
import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.connecting import Masters, chosen_masters, masters_options
from trimast.cli.failing import LeaderMissing, run_async
from trimast.cli.listing import Row, json_option, print_rows
from trimast.edge.leader_finder import LeaderFinder

COLUMNS = (
    "id",
    "state",
    "leading",
    "term",
    "epoch",
    "commit_index",
    "applied_index",
    "grpc",
    "http",
)
ANSWER_TIMEOUT_S: Final = 1.0


@click.command()
@masters_options
@json_option
def masters(master: str | None, folder: Path | None, timeout_s: float, as_json: bool) -> None:
    """List masters, those that cannot be reached too."""
    chosen = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: master_rows(chosen))
    print_rows(rows, COLUMNS, as_json=as_json, none="no masters")
    if all(row["state"] == "unreachable" for row in rows):
        raise LeaderMissing(f"no master answers at {', '.join(chosen.addresses)}")


async def master_rows(masters: Masters) -> list[Row]:
    """By id, those out of reach last; an id that nobody could tell is the address."""
    finder = LeaderFinder(masters.addresses, random=Random())
    timeout_s = min(ANSWER_TIMEOUT_S, masters.timeout_s) or ANSWER_TIMEOUT_S
    try:
        replies = await _ask(finder, list(masters.addresses), timeout_s)
        named = {m.grpc: m for reply in replies.values() if reply for m in reply.masters if m.grpc}
        further = [address for address in named if address not in replies]
        replies |= await _ask(finder, further, timeout_s)
    finally:
        await finder.close()
    rows = [_row(address, reply, named) for address, reply in replies.items()]
    # One master may be known by several addresses, such as localhost and 127.0.0.1.
    unique = {row["id"]: row for row in rows}
    return sorted(unique.values(), key=lambda row: (row["state"] == "unreachable", row["id"]))


async def _ask(
    finder: LeaderFinder, addresses: list[str], timeout_s: float
) -> dict[str, cluster_pb2.WhoLeadsReply | None]:
    replies = await asyncio.gather(*(_ask_one(finder, each, timeout_s) for each in addresses))
    return dict(zip(addresses, replies, strict=True))


async def _ask_one(
    finder: LeaderFinder, address: str, timeout_s: float
) -> cluster_pb2.WhoLeadsReply | None:
    stub = cluster_pb2_grpc.ClusterStub(finder.channel(address))
    try:
        return await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=timeout_s)
    except grpc.aio.AioRpcError:
        return None


def _row(
    address: str,
    reply: cluster_pb2.WhoLeadsReply | None,
    named: dict[str, cluster_pb2.MasterAddress],
) -> Row:
    known = named.get(address, cluster_pb2.MasterAddress())
    if reply is None:
        unknown = dict.fromkeys(("term", "epoch", "commit_index", "applied_index"))
        where = {"grpc": address, "http": known.http}
        return {
            "id": known.id or address,
            "state": "unreachable",
            "leading": False,
            **unknown,
            **where,
        }
    own = next((m for m in reply.masters if m.id == reply.master_id), known)
    return {
        "id": reply.master_id,
        "state": _state(reply),
        "leading": reply.leading,
        "term": reply.term,
        "epoch": reply.epoch,
        "commit_index": reply.commit_index,
        "applied_index": reply.applied_index,
        "grpc": address,
        "http": own.http,
    }


def _state(reply: cluster_pb2.WhoLeadsReply) -> str:
    if reply.leading:
        return "leading"
    return "following" if reply.leader_id else "no leader"
