"""Masters of a local cluster that come and go, and a client that writes meanwhile."""

import asyncio
import dataclasses
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import grpc
import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from tests.integration.registry_client import RegistryClient
from tests.integration.test_disaster import trimast
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master, save
from trimast.cli.local_cluster.free_ports import free_ports
from trimast.cli.local_cluster.lifecycle import cluster_in, start_one
from trimast.edge.grpc_channel import open_channel

GAP_MAX_S = 5.0
"""Between two acknowledged writes, whatever is changed meanwhile: a machine may be busy."""


class Writer:
    """One client that writes all the time, and notes when it was told that a write is there."""

    def __init__(self, cluster: ClusterFile) -> None:
        self.client = RegistryClient(cluster)
        self._told_s: list[float] = []

    async def write_on(self) -> None:
        for number in itertools.count():
            if await self.client.write(f"w-{number}"):
                self._told_s.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def next_write(self) -> None:
        count = len(self._told_s)
        while len(self._told_s) < count + 2:  # noqa: ASYNC110 - the first may be from before
            await asyncio.sleep(0.005)

    async def gap_during(self, what: str, change: Callable[[], object]) -> None:
        """Make a change in a thread, and see that writes went on meanwhile."""
        await self.next_write()
        began = len(self._told_s) - 1
        await asyncio.to_thread(change)
        await self.next_write()
        longest_s = max(b - a for a, b in itertools.pairwise(self._told_s[began:]))
        print(f"{what}: at most {1000 * longest_s:.0f} ms without an acknowledged write")  # noqa: T201
        assert longest_s < GAP_MAX_S, what


@asynccontextmanager
async def writing(cluster: ClusterFile) -> AsyncIterator[Writer]:
    writer = Writer(cluster)
    task = asyncio.create_task(writer.write_on())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.client.close()


def with_more(cluster: ClusterFile, *master_ids: str) -> ClusterFile:
    """The same cluster file with masters in it that are not started, nor members yet."""
    used = [int(a.rpartition(":")[2]) for m in cluster.masters for a in (m.http, m.grpc, m.raft)]
    used += [int(agent.http.rpartition(":")[2]) for agent in cluster.agents]
    ports = free_ports(3 * len(master_ids), Random(), used)
    left = iter(f"127.0.0.1:{port}" for port in ports)
    more = [Master(name, next(left), next(left), next(left)) for name in master_ids]
    cluster = dataclasses.replace(cluster, masters=(*cluster.masters, *more))
    save(cluster)
    return cluster


def shape(cluster: ClusterFile, master_id: str) -> str:
    master = cluster.member(master_id)
    assert isinstance(master, Master)
    return f"{master.id}={master.raft}/{master.grpc}/{master.http}"


def start(folder: Path, *master_ids: str) -> None:
    for master_id in master_ids:
        start_one(cluster_in(folder), master_id)


def change(folder: Path, *arguments: str) -> list[str]:
    """Who the masters are then."""
    done = trimast("master", *arguments, "--dir", str(folder), "--json")
    members: list[str] = json.loads(done.stdout)["members"]
    return members


def voters(folder: Path) -> list[str]:
    rows = json.loads(trimast("master", "list", "--dir", str(folder), "--json").stdout)
    return [row["id"] for row in rows if row["votes"]]


async def members_by(cluster: ClusterFile, master_id: str) -> cluster_pb2.ListMembersReply:
    """What this master says of the members and itself, once it does: it may just be starting."""
    master = cluster.member(master_id)
    assert isinstance(master, Master)
    async with open_channel(master.grpc) as channel:
        stub = cluster_pb2_grpc.ClusterStub(channel)
        request = cluster_pb2.ListMembersRequest()
        while True:
            try:
                return await stub.ListMembers(request, timeout=5, wait_for_ready=True)
            except grpc.aio.AioRpcError as error:
                # The old process's connection, which ends only now.
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise


def only(cluster: ClusterFile, *master_ids: str) -> ClusterFile:
    masters = tuple(master for master in cluster.masters if master.id in master_ids)
    return dataclasses.replace(cluster, masters=masters)
