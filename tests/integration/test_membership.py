"""Masters come and go while agents run tasks and a client writes: nobody else notices."""

import asyncio
import contextlib
import dataclasses
import socket
from pathlib import Path

from tests.integration.changing_masters import (
    change,
    members_by,
    only,
    shape,
    start,
    voters,
    with_more,
    writing,
)
from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from tests.integration.registry_client import until_all_have
from tests.integration.test_disaster import lose, recover, trimast
from trimast.cli.local_cluster.cluster_file import Master, save
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import (
    bring_down,
    bring_up,
    cluster_in,
    kill_member,
    revive,
)
from trimast.cli.local_cluster.starting import log_of, start_member


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
