"""Masters come and go while agents run tasks and a client writes; disks that forgot come back."""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from tests.integration.registry_client import RegistryClient, until_all_have
from tests.integration.test_disaster import lose, recover, trimast
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master, save
from trimast.cli.local_cluster.free_ports import free_ports
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import (
    bring_down,
    bring_up,
    cluster_in,
    kill_member,
    revive,
    start_one,
)
from trimast.cli.local_cluster.starting import log_of, start_member
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
    """What this master says of the members and itself."""
    master = cluster.member(master_id)
    assert isinstance(master, Master)
    async with open_channel(master.grpc) as channel:
        stub = cluster_pb2_grpc.ClusterStub(channel)
        request = cluster_pb2.ListMembersRequest()
        return await stub.ListMembers(request, timeout=5, wait_for_ready=True)


def only(cluster: ClusterFile, *master_ids: str) -> ClusterFile:
    masters = tuple(master for master in cluster.masters if master.id in master_ids)
    return dataclasses.replace(cluster, masters=masters)


def test_one_master_becomes_three_then_five_then_three(start_cluster: StartCluster) -> None:
    started = start_cluster(masters=1, agents=2)
    folder = started.folder

    async def story() -> None:
        holder = WatchedHolder(4, folder / "long.ledger")
        async with asyncio.timeout(120), driver_for(holder, started):
            processes = await all_started(holder)
            cluster = with_more(started, "m2", "m3", "m4", "m5")
            async with writing(cluster) as writer:

                async def add(*new: str) -> None:
                    start(folder, *new)
                    shapes = [shape(cluster, name) for name in new]
                    what = f"{', '.join(new)} added"
                    await writer.gap_during(what, lambda: change(folder, "add", *shapes))

                await add("m2", "m3")
                assert voters(folder) == ["m1", "m2", "m3"]
                await add("m4", "m5")
                assert voters(folder) == ["m1", "m2", "m3", "m4", "m5"]
                leader = await leader_of(cluster, 10)
                other = "m1" if leader.id != "m1" else "m2"
                await writer.gap_during(
                    f"{leader.id}, which leads, and {other} removed",
                    lambda: change(folder, "remove", leader.id, other),
                )
                # They may be switched off now.
                for gone in (leader.id, other):
                    kill_member(cluster_in(folder), gone)
                await writer.next_write()
                left = voters(folder)
                assert sorted({*left, leader.id, other}) == ["m1", "m2", "m3", "m4", "m5"]
                wanted = set(writer.client.acknowledged)
                await until_all_have(writer.client, only(cluster, *left), wanted)
            holder.assert_untouched(processes)

    asyncio.run(story())


def test_a_dead_master_is_replaced_and_does_no_harm_when_it_returns(
    start_cluster: StartCluster,
) -> None:
    started = start_cluster(masters=3, agents=1)
    folder = started.folder

    async def story() -> None:
        holder = WatchedHolder(2, folder / "long.ledger")
        async with asyncio.timeout(90), driver_for(holder, started):
            processes = await all_started(holder)
            cluster = with_more(started, "m4")
            dead = (await leader_of(started, 10)).id
            async with writing(cluster) as writer:
                await writer.gap_during(
                    f"{dead} killed", lambda: kill_member(cluster_in(folder), dead)
                )
                start(folder, "m4")
                await writer.gap_during(
                    f"{dead} replaced",
                    lambda: change(folder, "replace", dead, shape(cluster, "m4")),
                )
                left = sorted({"m1", "m2", "m3", "m4"} - {dead})
                assert voters(folder) == left
                # It comes back with all it had; it learns that it is no member.
                start(folder, dead)
                while (await members_by(cluster, dead)).configuration < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                assert not (await members_by(cluster, dead)).votes
                await writer.next_write()
                wanted = set(writer.client.acknowledged)
                await until_all_have(writer.client, only(cluster, *left), wanted)
            holder.assert_untouched(processes)

    asyncio.run(story())


def test_a_local_cluster_goes_down_and_up_though_one_of_its_masters_was_removed(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=3, agents=1)
    folder = cluster.folder
    gone = asyncio.run(leader_of(cluster, 10)).id
    left = change(folder, "remove", gone)
    assert gone not in left
    assert len(left) == 2
    kill_member(cluster_in(folder), gone)
    assert [member.id for member in asyncio.run(revive(folder))] == [gone]
    bring_down(folder)
    asyncio.run(bring_up(folder))
    trimast("run", "--dir", str(folder), "--", "true")
    assert voters(folder) == left
    # With what it has on its disk it may become a member again.
    assert change(folder, "add", shape(cluster_in(folder), gone)) == ["m1", "m2", "m3"]


def _emptied(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.rmtree(folder / victim)


def _flipped(folder: Path, victim: str) -> None:
    """A bit in the middle of the log."""
    kill_member(cluster_in(folder), victim)
    [log] = (folder / victim).glob("*.wal")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 4
    log.write_bytes(data)


def _copy_of_an_earlier_life(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.copytree(folder / victim, folder / "copy")
    start(folder, victim)
    trimast("run", "--dir", str(folder), "--", "true")
    asyncio.run(revive(folder))
    _put_back(folder, victim)


def _copy_of_the_same_life(folder: Path, victim: str) -> None:
    """As an image of a virtual machine that runs."""
    process = cluster_in(folder).member(victim)
    assert process is not None
    assert process.process is not None
    os.kill(process.process.pid, signal.SIGSTOP)
    shutil.copytree(folder / victim, folder / "copy")
    os.kill(process.process.pid, signal.SIGCONT)
    trimast("run", "--dir", str(folder), "--", "true")
    asyncio.run(revive(folder))
    _put_back(folder, victim)


def _put_back(folder: Path, victim: str) -> None:
    kill_member(cluster_in(folder), victim)
    shutil.rmtree(folder / victim)
    shutil.move(folder / "copy", folder / victim)


@pytest.mark.parametrize(
    ("forget", "says"),
    [
        (_emptied, "configuration_begun"),
        (_flipped, "damage_set_aside"),
        (_copy_of_an_earlier_life, "disk_is_an_old_copy"),
        (_copy_of_the_same_life, "disk_is_an_old_copy"),
    ],
)
def test_a_member_whose_disk_has_forgotten_comes_back_by_itself(
    start_cluster: StartCluster, forget: Callable[[Path, str], None], says: str
) -> None:
    cluster = start_cluster(masters=3, agents=1)
    folder = cluster.folder

    async def story() -> None:
        client = RegistryClient(cluster)
        async with asyncio.timeout(90):
            leader = await leader_of(cluster, 10)
            victim = next(master for master in cluster.masters if master.id != leader.id)
            for number in range(20):
                await client.write(f"before-{number}")
            before = await members_by(cluster, victim.id)
            assert before.votes
            assert before.configuration == 1
            await asyncio.to_thread(forget, folder, victim.id)
            log_size = log_of(cluster, victim).stat().st_size
            start(folder, victim.id)
            while True:
                now = await members_by(cluster, victim.id)
                if now.votes and now.disk_id != before.disk_id:
                    break
                await asyncio.sleep(0.05)
            assert now.configuration > before.configuration
            assert await asyncio.to_thread(voters, folder) == ["m1", "m2", "m3"]
            assert says in log_of(cluster, victim).read_text(encoding="utf-8")[log_size:]
            # It counts: with another one gone, these two go on.
            kill_member(cluster_in(folder), (await leader_of(cluster, 10)).id)
            while not await client.write("after"):
                pass
            start_dead = await revive(folder)
            assert len(start_dead) == 1
            await until_all_have(client, cluster, set(client.acknowledged))
        await client.close()

    asyncio.run(story())


def test_a_recovered_survivor_gets_company_again(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    started = start_cluster(masters=3, agents=1)
    folder = started.folder

    async def story() -> None:
        holder = WatchedHolder(2, folder / "long.ledger")
        async with asyncio.timeout(120), driver_for(holder, started):
            processes = await all_started(holder)
            lose(started, ["m2", "m3"])
            lose(started, ["m1"], data=False)
            await asyncio.to_thread(recover, folder / "m1", tmp_path / "recovery.plan")
            save(only(cluster_in(folder), "m1"))
            holder.again.clear()
            await revive(folder)
            await holder.again.wait()
            cluster = with_more(cluster_in(folder), "m2", "m3")
            async with writing(cluster) as writer:
                start(folder, "m2", "m3")
                shapes = [shape(cluster, name) for name in ("m2", "m3")]
                await writer.gap_during(
                    "m2, m3 added to the survivor", lambda: change(folder, "add", *shapes)
                )
                await writer.gap_during(
                    "the survivor killed", lambda: kill_member(cluster_in(folder), "m1")
                )
                wanted = set(writer.client.acknowledged)
                await until_all_have(writer.client, only(cluster, "m2", "m3"), wanted)
            holder.assert_untouched(processes)
        assert (await members_by(cluster, "m2")).configuration > 1000

    asyncio.run(story())


def test_a_master_of_another_cluster_is_refused_by_name(start_cluster: StartCluster) -> None:
    started = start_cluster(masters=3, agents=0)
    # The first by name: it dials all others.
    cluster = with_more(started, "a0")
    foreign = cluster.member("a0")
    assert isinstance(foreign, Master)
    began = start_member(dataclasses.replace(cluster, name="elsewhere"), foreign)
    save(dataclasses.replace(began, name=cluster.name))

    async def until_said(master_id: str, words: str) -> None:
        master = cluster.member(master_id)
        assert master is not None
        while words not in log_of(cluster, master).read_text(encoding="utf-8"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def story() -> None:
        async with asyncio.timeout(30):
            await until_said("m1", f"cluster 'elsewhere', here is '{cluster.name}'")
            await until_said("a0", "OTHER_CLUSTER")
            reply = await members_by(cluster, "a0")
            assert (reply.configuration, reply.votes) == (0, False)
            assert await asyncio.to_thread(voters, cluster.folder) == ["m1", "m2", "m3"]

    asyncio.run(story())


def test_a_local_cluster_moves_to_other_ports_while_it_is_down(
    start_cluster: StartCluster,
) -> None:
    """The configuration names addresses of which some belong to somebody else by now."""
    cluster = start_cluster(masters=3, agents=1)
    bring_down(cluster.folder)
    with contextlib.ExitStack() as stack:
        for master in cluster.masters:
            other = stack.enter_context(socket.socket())
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", int(master.raft.rpartition(":")[2])))
            other.listen()
        again = asyncio.run(bring_up(cluster.folder, timeout_s=20))
        assert not {m.raft for m in again.masters} & {m.raft for m in cluster.masters}
        trimast("run", "--dir", str(cluster.folder), "--", "true")
        # They can be told, one by one, so that the configuration names where they are now.
        for master in again.masters:
            change(cluster.folder, "replace", master.id, shape(again, master.id))
        leader = asyncio.run(leader_of(again, 10))
        reply = asyncio.run(members_by(again, leader.id))
        assert [member.raft for member in reply.members] == [m.raft for m in again.masters]
        assert reply.configuration == 4
