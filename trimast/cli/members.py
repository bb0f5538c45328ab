"""`trimast master add|remove|replace|list`: who the masters are, and how that is changed."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

import click
import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import Failed, LeaderMissing, run_async
from trimast.cli.listing import Row, json_option, print_rows
from trimast.cli.masters import master_rows
from trimast.cli.transfer_leader import transfer_leader
from trimast.edge.leader_finder import LeaderFinder, NoLeader

COLUMNS: Final = ("id", "state", "votes", "lacks", "raft", "grpc", "http", "disk_id")
AGAIN_S: Final = 0.2
SHAPE: Final = "ID=RAFT/GRPC/HTTP"

patience_option = click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to try in all, through changes of leader too.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def members() -> None:
    """Who the masters are. Changes are made while the cluster works."""


members.add_command(transfer_leader, "transfer")


@members.command("list")
@masters_options
@json_option
def list_members(master: str | None, folder: Path | None, timeout_s: float, as_json: bool) -> None:
    """List the masters of the cluster, and those that are being brought up to date."""
    chosen = chosen_masters(master, folder, timeout_s)
    rows = run_async(lambda: _rows(chosen))
    print_rows(rows, COLUMNS, as_json=as_json, none="no masters")


@members.command()
@click.argument("new", nargs=-1, required=True, metavar=f"{SHAPE}...")
@masters_options
@patience_option
@json_option
def add(
    new: tuple[str, ...],
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    patience_s: float,
    as_json: bool,
) -> None:
    """Add masters, host:port each, as in m4=10.0.0.4:5053/10.0.0.4:5052/10.0.0.4:5050.

    Start each first, with an empty directory, as `trimast master --id m4 --peers ...` with itself
    and the masters that are there. It is brought up to date before it counts.
    """
    request = cluster_pb2.ChangeMembersRequest(add=[_member(text) for text in new])
    _change(request, chosen_masters(master, folder, timeout_s), patience_s, as_json=as_json)


@members.command()
@click.argument("gone", nargs=-1, required=True, metavar="ID...")
@masters_options
@patience_option
@json_option
def remove(
    gone: tuple[str, ...],
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    patience_s: float,
    as_json: bool,
) -> None:
    """Remove masters, dead or alive, the leader too. Returns when they may be switched off."""
    request = cluster_pb2.ChangeMembersRequest(remove=gone)
    _change(request, chosen_masters(master, folder, timeout_s), patience_s, as_json=as_json)


@members.command()
@click.argument("gone", metavar="ID")
@click.argument("new", metavar=SHAPE)
@masters_options
@patience_option
@json_option
def replace(
    gone: str,
    new: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    patience_s: float,
    as_json: bool,
) -> None:
    """Put a new master in the place of one that is dead, or that shall go; in one step.

    With the id of the one that goes, it is moved: to another address, with an empty directory.
    """
    member = _member(new)
    removed = [] if member.id == gone else [gone]
    request = cluster_pb2.ChangeMembersRequest(add=[member], remove=removed)
    _change(request, chosen_masters(master, folder, timeout_s), patience_s, as_json=as_json)


def _member(text: str) -> cluster_pb2.Member:
    master_id, equals, addresses = text.partition("=")
    parts = addresses.split("/")
    if not (master_id and equals) or len(parts) != 3:
        raise click.UsageError(f"{text!r} should be {SHAPE} with host:port each")
    raft, grpc_address, http = parts
    return cluster_pb2.Member(id=master_id, raft=raft, grpc=grpc_address, http=http)


def _change(
    request: cluster_pb2.ChangeMembersRequest,
    masters: Masters,
    patience_s: float,
    *,
    as_json: bool,
) -> None:
    done = run_async(lambda: _until_it_is_so(request, masters, patience_s))
    ids = [member.id for member in done.members]
    if as_json:
        print(json.dumps({"configuration": done.configuration, "members": ids}))
    else:
        print(f"the masters are {', '.join(ids)} (configuration {done.configuration})")
    gone = [name for name in request.remove if name not in ids]
    if gone:
        click.echo(f"{', '.join(gone)} may be switched off", err=True)


async def _until_it_is_so(
    request: cluster_pb2.ChangeMembersRequest, masters: Masters, patience_s: float
) -> cluster_pb2.ListMembersReply:
    """Asks again whenever leadership was lost meanwhile: what is so already is no change."""
    end_s = time.monotonic() + patience_s
    while True:
        try:
            done = await _ask_once(request, masters)
            await _prove_quorum([member.grpc for member in done.members], end_s)
            return done
        except grpc.aio.AioRpcError as error:
            is_passing = error.code() is grpc.StatusCode.UNAVAILABLE
            if not is_passing or time.monotonic() >= end_s:
                raise
            click.echo(f"trying again: {error.details()}", err=True)
            await asyncio.sleep(AGAIN_S)


async def _ask_once(
    request: cluster_pb2.ChangeMembersRequest, masters: Masters
) -> cluster_pb2.ListMembersReply:
    async with the_leader(masters) as leader:
        told = ""
        async for progress in leader.ChangeMembers(request):
            if progress.HasField("done"):
                return progress.done
            text = _progress_text(progress.learners)
            if text != told:
                click.echo(text, err=True)
                told = text
    raise Failed("the leader ended the call without a word; see: trimast master list")


async def _prove_quorum(addresses: Sequence[str], end_s: float) -> None:
    """Nobody may be switched off before the new members have decided something themselves."""
    finder = LeaderFinder(addresses, random=Random())
    try:
        while True:
            left_s = max(1.0, end_s - time.monotonic())
            try:
                leader = await finder.find(left_s)
                stub = cluster_pb2_grpc.ClusterStub(finder.channel(leader.grpc))
                await stub.ProveQuorum(cluster_pb2.ProveQuorumRequest(), timeout=left_s)
                return
            except (grpc.aio.AioRpcError, NoLeader) as error:
                if time.monotonic() >= end_s:
                    raise LeaderMissing(
                        f"the change is made, but nothing was decided since: {error}"
                    ) from error
            await asyncio.sleep(AGAIN_S)
    finally:
        await finder.close()


def _progress_text(learners: Sequence[cluster_pb2.Learner]) -> str:
    if not learners:
        return "waiting for the masters to agree"
    return "; ".join(
        f"{learner.id} lacks {learner.lacks} entries"
        if learner.HasField("lacks")
        else f"{learner.id} has not been reached yet"
        for learner in learners
    )


async def _rows(masters: Masters) -> list[Row]:
    states = {row["id"]: row["state"] for row in await master_rows(masters)}
    async with the_leader(masters) as leader:
        reply = await leader.ListMembers(
            cluster_pb2.ListMembersRequest(), timeout=masters.timeout_s
        )
    lacks = {each.id: each.lacks if each.HasField("lacks") else None for each in reply.learners}
    rows = [_row(member, states, lacks) for member in reply.members]
    known = {member.id for member in reply.members}
    new = [cluster_pb2.Member(id=name) for name in lacks if name not in known]
    return rows + [{**_row(each, states, lacks), "votes": False} for each in new]


def _row(member: cluster_pb2.Member, states: dict[str, str], lacks: dict[str, int | None]) -> Row:
    is_learner = member.id in lacks
    return {
        "id": member.id,
        "state": "catching up" if is_learner else states.get(member.id, "unreachable"),
        "votes": not is_learner,
        "lacks": lacks.get(member.id),
        "raft": member.raft,
        "grpc": member.grpc,
        "http": member.http,
        "disk_id": member.disk_id[:8],
    }
