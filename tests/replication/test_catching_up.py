"""Real replicas, files and sockets: one that was away catches up by a snapshot."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from replication.engine.snapshot_file import SnapshotDamaged
from tests.replication.real_cluster import RealCluster, commit, real_cluster, until

SETTINGS: dict[str, Any] = {
    "snapshot_after_entries": 50,
    "trailing_entries": 5,
    "transfer_chunk_bytes": 4096,
    "segment_bytes_max": 65_536,
}


async def write(cluster: RealCluster, count: int) -> None:
    leader = await cluster.wait_for_leader()
    for number in range(count):
        await commit(leader, b"%d-" % number + bytes(2_000))


async def until_alike(cluster: RealCluster) -> None:
    recorders = cluster.recorders
    await until(lambda: all(r.applied == recorders["a"].applied for r in recorders.values()))


def test_who_was_down_while_others_compacted_catches_up_by_snapshot(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc", **SETTINGS) as cluster:
            await write(cluster, 3)
            await until_alike(cluster)
            leader = await cluster.wait_for_leader()
            gone = next(name for name in "abc" if name != leader.status().replica_id)
            await cluster.kill(gone)
            await write(cluster, 150)
            await until(lambda: len(list((tmp_path / "a").glob("*.wal"))) < 4)
            await cluster.start(gone)
            await until_alike(cluster)
            assert "restored" in cluster.recorders[gone].events
            assert leader.status().leading
            await write(cluster, 3)
            await until_alike(cluster)

    asyncio.run(main())


def test_killed_in_the_middle_of_it_and_started_again_it_catches_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc", **SETTINGS) as cluster:
            leader = await cluster.wait_for_leader()
            gone = next(name for name in "abc" if name != leader.status().replica_id)
            await cluster.kill(gone)
            await write(cluster, 150)
            incoming = tmp_path / gone / "snapshot.incoming"
            for _ in range(3):
                await cluster.start(gone)
                await until(lambda: incoming.exists() or cluster.recorders[gone].applied != [])
                await cluster.kill(gone)
            await cluster.start(gone)
            await until_alike(cluster)

    asyncio.run(main())


def test_a_start_uses_the_snapshot_and_refuses_a_damaged_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "a", **SETTINGS) as cluster:
            await write(cluster, 120)
            await until(lambda: len(list((tmp_path / "a").glob("*.snapshot"))) == 1)
            await cluster.logs.pop("a").stop()
            before = cluster.recorders["a"].applied
            await cluster.start("a")
            assert cluster.recorders["a"].events[0] == "restored"
            await until(lambda: cluster.recorders["a"].applied == before)
            await cluster.logs.pop("a").stop()
            (newest,) = (tmp_path / "a").glob("*.snapshot")
            newest.write_bytes(newest.read_bytes()[:-1])
            with pytest.raises(SnapshotDamaged, match=newest.name):
                await cluster.start("a")

    asyncio.run(main())
