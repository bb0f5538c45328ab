"""The demonstration from its first process to its last: up, count, kill, count on, check."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import grpc.aio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.demonstrating.library import counted_here, packages_of_standard_library
from trimast.cli.demonstrating.tally import Tally, read_tally
from trimast.cli.demonstrating.word_count import WordCount, until
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import bring_up, kill_member
from trimast.edge.leader_finder import LeaderFinder
from trimast.framework import SchedulerDriver

AGENT_RESOURCES: Final = "cpus:1;mem:1024;disk:1024"
"""Two counting processes at a time on each agent: the machine is shared by all of them."""
WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Failover:
    """Seconds since the kill; None for what was over before it could happen.

    Attributes:
        killed, leader: ids of who led, and of who took over.
    """

    killed: str
    leader: str
    leader_s: float
    commit_s: float
    subscribed_s: float | None
    offer_s: float | None
    launch_s: float | None


@dataclass(frozen=True, slots=True)
class Result:
    tasks: int
    failed: dict[str, str]
    tally: Tally
    expected_words: int
    failover: Failover
    counted_in_s: float

    @property
    def is_right(self) -> bool:
        return (
            not self.failed
            and self.tally.words == self.expected_words
            and self.tally.ran_exactly_once == self.tasks == len(self.tally.begun)
        )


async def play(folder: Path, console: Console) -> Result:
    """Leaves the cluster running: whoever called ends it."""
    console.print("starting [b]3 masters[/b] and [b]3 agents[/b] ...")
    cluster = await bring_up(folder, masters=3, agents=3, resources=AGENT_RESOURCES)
    leader = await leader_of(cluster, WAIT_S)
    console.print(f"they serve; [b]{leader.id}[/b] leads: http://{leader.http}/metrics")
    packages = packages_of_standard_library()
    console.print(
        f"counting the words of Python's standard library: {len(packages)} packages, "
        "a process for each"
    )
    ledger = folder / "words.ledger"
    changed = asyncio.Event()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("counting", total=len(packages))

        def on_change() -> None:
            changed.set()
            running = len(counting.running)
            progress.update(
                bar, completed=len(counting.finished), description=f"counting ({running} run)"
            )

        counting = WordCount(packages, ledger, on_change)
        driver = SchedulerDriver(counting, "word-count", cluster.master_addresses)
        began_s = time.monotonic()
        async with asyncio.timeout(WAIT_S), driver:
            await until(lambda: len(counting.finished) >= counting.total // 2, changed)
            failover = await _kill_leader(cluster, leader, counting, changed, console)
            await driver.stopped()
        counted_in_s = time.monotonic() - began_s
    expected = await asyncio.to_thread(counted_here, packages)
    return Result(
        counting.total, counting.failed, read_tally(ledger), expected, failover, counted_in_s
    )


async def _kill_leader(
    cluster: ClusterFile,
    leader: Master,
    counting: WordCount,
    changed: asyncio.Event,
    console: Console,
) -> Failover:
    finder = LeaderFinder([m.grpc for m in cluster.masters if m != leader], random=Random())
    try:
        at_work = len(counting.running)
        counting.await_next_leader()
        killed_s = time.monotonic()
        kill_member(cluster, leader.id)
        console.print(f"[b red]kill -9 {leader.id}[/b red], the leader, with {at_work} at work")
        found = await finder.find(WAIT_S)
        leader_s = time.monotonic()
        stub = cluster_pb2_grpc.ClusterStub(finder.channel(found.grpc))
        await _first_commit(stub)
        commit_s = time.monotonic()
        await until(lambda: counting.launch_s is not None or counting.is_over, changed)
    finally:
        await finder.close()
    console.print(f"[b green]{found.master_id} leads[/b green], epoch {found.epoch}")
    return Failover(
        killed=leader.id,
        leader=found.master_id,
        leader_s=leader_s - killed_s,
        commit_s=commit_s - killed_s,
        subscribed_s=_since(killed_s, counting.subscribed_s),
        offer_s=_since(killed_s, counting.offer_s),
        launch_s=_since(killed_s, counting.launch_s),
    )


def _since(killed_s: float, then_s: float | None) -> float | None:
    return None if then_s is None else then_s - killed_s


async def _first_commit(stub: cluster_pb2_grpc.ClusterStub) -> None:
    while True:
        try:
            await stub.ProveQuorum(cluster_pb2.ProveQuorumRequest(), timeout=1)
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.01)
        else:
            return
