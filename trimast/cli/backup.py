"""`trimast backup`: the registry of a running cluster, or of a data directory, as one file."""

import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import click
import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.connecting import Masters, chosen_masters, masters_options, the_leader
from trimast.cli.failing import Failed, LeaderMissing, WrongUse, run_async
from trimast.cli.process import become
from trimast.edge.leader_finder import LeaderFinder

_MIB: Final = 1024 * 1024
PART_WAIT_S: Final = 60.0
"""A master that sends nothing for so long is given up."""


@dataclass(frozen=True, slots=True)
class Written:
    head: cluster_pb2.BackupHead
    size_bytes: int
    sha256: str


@click.command()
@masters_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the file, if it is there.")
@click.option(
    "--any",
    "any_master",
    is_flag=True,
    help="Take what any master has, when none leads. It may be old; the index is told.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Of a master that does not run, to make the backup from.",
)
@click.option(
    "--check",
    "checked",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read this backup to its end, and say what is in it.",
)
def backup(
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    out: Path | None,
    force: bool,
    any_master: bool,
    data_dir: Path | None,
    checked: Path | None,
) -> None:
    """Write the registry to a file, from which `trimast restore` makes a cluster again.

    By default the leader is asked: what was acknowledged before, is in the file.
    """
    if checked is not None:
        if out or data_dir:
            raise click.UsageError("--check reads a backup; it goes with none of the others")
        become("master.disaster", ("inspect", "--backup", str(checked)))
    if out is None:
        raise click.UsageError("--out says where to write the backup, as in --out registry.backup")
    if data_dir is not None:
        replacing = ("--force",) if force else ()
        become(
            "master.disaster",
            ("backup", "--data-dir", str(data_dir), "--out", str(out), *replacing),
        )
    if out.exists() and not force:
        raise WrongUse(f"{out} is there already; name another file, or say --force")
    masters = chosen_masters(master, folder, timeout_s)
    written = run_async(lambda: _fetch(masters, out, any_master=any_master))
    head = written.head
    current = "current" if head.leading else "perhaps not current"
    click.echo(
        f"{out}: {head.cluster_id} after entry {head.index} ({current}), by {head.master_id}: "
        f"{head.agents} agents, {head.frameworks} frameworks, {head.tasks} tasks; "
        f"{written.size_bytes} bytes, sha256 {written.sha256}",
        err=True,
    )


async def _fetch(masters: Masters, out: Path, *, any_master: bool) -> Written:
    draft = out.with_name(out.name + ".partial")
    try:
        asked = _any_master(masters) if any_master else the_leader(masters)
        async with asked as stub:
            written = await _receive(stub, draft, any_master=any_master)
        draft.rename(out)
        _sync_folder(out.parent)
    except OSError as error:
        raise Failed(f"{error.filename or draft}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return written


@asynccontextmanager
async def _any_master(masters: Masters) -> AsyncIterator[cluster_pb2_grpc.ClusterStub]:
    """The one that has come furthest, of those who answer."""
    finder = LeaderFinder(masters.addresses, random=Random())
    best: tuple[int, str] | None = None
    try:
        for address in masters.addresses:
            stub = cluster_pb2_grpc.ClusterStub(finder.channel(address))
            try:
                reply = await stub.WhoLeads(
                    cluster_pb2.WhoLeadsRequest(), timeout=masters.timeout_s or 1
                )
            except grpc.aio.AioRpcError:
                continue
            best = max(best or (-1, ""), (reply.applied_index, address))
        if best is None:
            raise LeaderMissing(f"no master answers at {', '.join(masters.addresses)}")
        yield cluster_pb2_grpc.ClusterStub(finder.channel(best[1]))
    finally:
        await finder.close()


async def _receive(stub: cluster_pb2_grpc.ClusterStub, draft: Path, *, any_master: bool) -> Written:
    head: cluster_pb2.BackupHead | None = None
    digest = hashlib.sha256()
    size_bytes = 0
    call = stub.Backup(cluster_pb2.BackupRequest(any_master=any_master))
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        async for reply in call:
            match reply.WhichOneof("part"):
                case "head":
                    head = reply.head
                case "data":
                    file.write(reply.data)
                    digest.update(reply.data)
                    size_bytes += len(reply.data)
                    _show(size_bytes)
                case "end":
                    is_whole = (
                        reply.end.size_bytes == size_bytes
                        and reply.end.sha256 == digest.digest()
                        and head is not None
                    )
                    if not is_whole:
                        raise Failed("the backup arrived damaged, and is thrown away; ask again")
                    file.flush()
                    os.fsync(file.fileno())
                    assert head is not None
                    _show_end()
                    return Written(head, size_bytes, digest.hexdigest())
                case _:
                    raise Failed("the master sent what this program does not know: a newer one")
    raise Failed("the master stopped in the middle of the backup; ask again")


def _show(size_bytes: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{size_bytes / _MIB:.1f} MiB", err=True, nl=False)


def _show_end() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
