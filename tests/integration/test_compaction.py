"""A master that compacts its log forgets nothing: killed and started again, it knows everything."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.integration.registry_client import RegistryClient
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.free_ports import free_ports

WRITES = 700
"""Of somewhat more than a hundred bytes each: enough for a snapshot every 64 KiB."""


@contextmanager
def a_master(folder: Path, ports: list[int]) -> Iterator["tuple[ClusterFile, Master]"]:
    """One real master that compacts as often as it may; killed in the end."""
    http, grpc, raft = ports
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    flags = ["--data-dir", str(folder / "m1"), "--snapshot-after-bytes", "65536"]
    flags += ["--http-port", str(http), "--grpc-port", str(grpc), "--raft-port", str(raft)]
    command = [sys.executable, "-m", "master", *flags, "--ready-file", str(ready)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 20
        while not ready.exists():
            assert process.poll() is None, "the master ended"
            assert time.monotonic() < end_s, "the master does not start"
            time.sleep(0.02)
        said = json.loads(ready.read_text())
        master = Master("m1", said["http"], said["grpc"], f"127.0.0.1:{raft}")
        yield ClusterFile(folder, "trimast", (master,), ()), master
    finally:
        process.kill()
        process.wait()


def snapshots_written(master: Master) -> float:
    with urllib.request.urlopen(f"http://{master.http}/metrics", timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    name = "trimast_log_snapshot_duration_seconds_count "
    return sum(float(line.split()[1]) for line in lines if line.startswith(name))


def test_a_compacted_log_forgets_nothing(tmp_path: Path) -> None:
    ports = free_ports(3, Random())

    async def write(cluster: ClusterFile, first: int, count: int) -> list[str]:
        client = RegistryClient(cluster)
        try:
            names = [
                f"a-framework-with-a-rather-long-name-{n}" for n in range(first, first + count)
            ]
            for name in names:
                assert await client.write(name)
        finally:
            await client.close()
        return names

    async def read(cluster: ClusterFile, master: Master) -> set[str]:
        client = RegistryClient(cluster)
        try:
            return await client.frameworks_on(master)
        finally:
            await client.close()

    with a_master(tmp_path, ports) as (cluster, master):
        written = asyncio.run(write(cluster, 0, WRITES))
        assert snapshots_written(master) >= 1
    with a_master(tmp_path, ports) as (cluster, master):
        # The first write shows that it leads, and so that all is applied.
        written += asyncio.run(write(cluster, WRITES, 1))
        assert asyncio.run(read(cluster, master)) == set(written)
