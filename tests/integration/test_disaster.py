"""All masters lost, or most of them: the cluster goes on from a backup, or from a survivor."""

import asyncio
import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.integration.conftest import StartCluster
from tests.integration.long_task import WatchedHolder, all_started, driver_for
from trimast.cli.local_cluster.cluster_file import ClusterFile, save
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.cli.local_cluster.processes import ProcessMark, is_alive


def trimast(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "trimast.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


def lose(cluster: ClusterFile, master_ids: Sequence[str], *, data: bool = True) -> None:
    for master_id in master_ids:
        kill_member(cluster_in(cluster.folder), master_id)
        if data:
            shutil.rmtree(cluster.folder / master_id)


def restore(cluster: ClusterFile, backup: Path) -> None:
    peers = ",".join(f"{m.id}={m.raft}/{m.grpc}/{m.http}" for m in cluster.masters)
    for master in cluster.masters:
        data_dir = cluster.folder / master.id
        flags = ["--data-dir", str(data_dir), "--id", master.id, "--peers", peers]
        trimast("restore", str(backup), *flags)


def recover(data_dir: Path, plan: Path) -> None:
    trimast("recover", "plan", str(data_dir), "--out", str(plan))
    trimast("recover", "apply", "--data-dir", str(data_dir), "--plan", str(plan), "--yes")


async def all_gone(processes: dict[str, list[ProcessMark]]) -> None:
    while any(is_alive(m) for marks in processes.values() for m in marks):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def test_a_cluster_goes_on_from_a_backup(start_cluster: StartCluster, tmp_path: Path) -> None:
    cluster = start_cluster(masters=3, agents=2)
    backup = tmp_path / "registry.backup"

    async def story() -> None:
        holder = WatchedHolder(3, cluster.folder / "before.ledger")
        late = WatchedHolder(2, cluster.folder / "after.ledger")
        async with asyncio.timeout(90):
            async with driver_for(holder, cluster):
                processes = await all_started(holder)
                await asyncio.to_thread(
                    trimast, "backup", "--dir", str(cluster.folder), "--out", str(backup)
                )
                async with driver_for(late, cluster):
                    late_processes = await all_started(late)
                    lose(cluster, ["m1", "m2", "m3"])
                    await asyncio.to_thread(restore, cluster, backup)
                    holder.again.clear()
                    await revive(cluster.folder)
                    await holder.again.wait()
                    # What was launched after the backup, nobody knows any more: it is ended.
                    await all_gone(late_processes)
                await asyncio.to_thread(
                    trimast, "run", "--dir", str(cluster.folder), "--", "echo", "new"
                )
                holder.assert_untouched(processes)
                assert len(processes) == 3

    asyncio.run(story())
    masters = json.loads(trimast("masters", "--dir", str(cluster.folder), "--json").stdout)
    # How many leaders there have been since, a busy machine decides.
    assert all(row["epoch"] > 1_000_000 for row in masters)
    assert all(row["commit_index"] > 1_000_000_000 for row in masters)


def test_a_survivor_goes_on_alone(start_cluster: StartCluster, tmp_path: Path) -> None:
    cluster = start_cluster(masters=3, agents=1)
    plan = tmp_path / "recovery.plan"
    data_dir = cluster.folder / "m1"

    async def story() -> None:
        holder = WatchedHolder(2, cluster.folder / "long.ledger")
        async with asyncio.timeout(90), driver_for(holder, cluster):
            processes = await all_started(holder)
            lose(cluster, ["m2", "m3"])
            lose(cluster, ["m1"], data=False)
            await asyncio.to_thread(recover, data_dir, plan)
            now = cluster_in(cluster.folder)
            save(dataclasses.replace(now, masters=now.masters[:1]))
            holder.again.clear()
            await revive(cluster.folder)
            await holder.again.wait()
            await asyncio.to_thread(trimast, "run", "--dir", str(cluster.folder), "--", "true")
            holder.assert_untouched(processes)

    asyncio.run(story())


def test_a_running_master_may_be_inspected(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    for _ in range(3):
        trimast("run", "--dir", str(cluster.folder), "--", "true")
        found = json.loads(trimast("inspect", str(cluster.folder / "m1"), "--json").stdout)
        assert found["in_use"]
        assert found["sound"]
        assert found["identity"]["cluster_id"] == cluster.name
        assert found["registry"]["agents"] == {"active": 1}
