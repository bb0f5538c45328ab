"""Which masters a command talks to, and how it finds the one that leads."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

import click

from protos.trimast.v1 import cluster_pb2_grpc
from trimast.cli.failing import WrongUse
from trimast.cli.local_cluster.cluster_file import BadClusterFile, load
from trimast.cli.local_cluster.lifecycle import default_folder
from trimast.edge.leader_finder import LeaderFinder

MASTERS_VARIABLE: Final = "TRIMAST_MASTERS"
ADDRESS_DEFAULT: Final = "127.0.0.1:5052"
TIMEOUT_DEFAULT_S: Final = 10.0

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Masters:
    """
    Attributes:
        addresses: `host:port` of their gRPC side, at least one.
        timeout_s: how long to look for a leader, and to wait for each of its answers.
    """

    addresses: tuple[str, ...]
    timeout_s: float


def masters_options(command: CommandT) -> CommandT:
    """Adds --master, --dir and --timeout, which `chosen_masters` takes."""
    for option in (
        click.option(
            "--timeout",
            "timeout_s",
            type=click.FloatRange(min=0),
            default=TIMEOUT_DEFAULT_S,
            show_default=True,
            metavar="SECONDS",
            help="How long to look for a leader.",
        ),
        click.option(
            "--dir",
            "folder",
            type=click.Path(path_type=Path),
            help="Of a local cluster, to talk to that one.",
        ),
        click.option(
            "--master",
            "master",
            metavar="HOST:PORT,...",
            help="gRPC addresses of masters, any of them. Default: what "
            f"{MASTERS_VARIABLE} says, else the local cluster, else {ADDRESS_DEFAULT}.",
        ),
    ):
        command = option(command)
    return command


def chosen_masters(master: str | None, folder: Path | None, timeout_s: float) -> Masters:
    if master and folder:
        raise click.UsageError("--master and --dir both say whom to talk to; give one of them")
    if master:
        return Masters(_addresses(master, "--master"), timeout_s)
    if folder is None and (variable := os.environ.get(MASTERS_VARIABLE)):
        return Masters(_addresses(variable, MASTERS_VARIABLE), timeout_s)
    try:
        cluster = load((folder or default_folder()).absolute())
    except BadClusterFile as error:
        raise WrongUse(str(error)) from error
    if cluster is None and folder is not None:
        raise WrongUse(f"there is no cluster in {folder}; start one: trimast up --dir {folder}")
    if cluster is None or (folder is None and not cluster.alive):
        return Masters((ADDRESS_DEFAULT,), timeout_s)
    return Masters(tuple(cluster.master_addresses), timeout_s)


@asynccontextmanager
async def the_leader(masters: Masters) -> AsyncIterator[cluster_pb2_grpc.ClusterStub]:
    """
    Raises:
        NoLeader: nobody leads within the time.
    """
    finder = LeaderFinder(masters.addresses, random=Random())
    try:
        leader = await finder.find(masters.timeout_s)
        yield cluster_pb2_grpc.ClusterStub(finder.channel(leader.grpc))
    finally:
        await finder.close()


def _addresses(text: str, where: str) -> tuple[str, ...]:
    addresses = tuple(filter(None, (part.strip() for part in text.split(","))))
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65_536:
            raise click.UsageError(
                f"{where} should look like 127.0.0.1:5052,127.0.0.1:5062, not {address!r}"
            )
    if not addresses:
        raise click.UsageError(f"{where} names no master; it should look like {ADDRESS_DEFAULT}")
    return addresses
