"""What real tasks write: shown while they run, and kept from filling the disk."""

import asyncio
from pathlib import Path

from tests.agent.edge import patience
from tests.integration.conftest import StartCluster
from tests.integration.launches import Launches
from tests.trimast.cli.command import trimast
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.starting import SETTINGS_NAME
from trimast.framework import SchedulerDriver, StatusReason, TaskState

MIB = 1024 * 1024


def bytes_on_disk(cluster: ClusterFile) -> dict[str, int]:
    runs = cluster.folder.glob("a1/slaves/*/frameworks/*/executors/*/runs/*/std*")
    return {path.name: path.stat().st_blocks * 512 for path in runs if path.is_file()}


def test_a_flood_of_output_is_held_to_its_share(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        launches = Launches()
        masters = cluster.master_addresses
        async with asyncio.timeout(100), SchedulerDriver(launches, "flood", masters) as driver:
            flood = "for i in 1 2 3 4 5 6 7 8 9 10; do yes x | head -c 40000000; sleep 0.6; done"
            await launches.run("flood", f"{flood}; echo the end; sleep 600")
            while True:
                await asyncio.sleep(0.5)
                to = ("--master", masters[0])
                last = await trimast("task", "logs", "flood", "--tail", "1", *to)
                if last.out == "the end\n":
                    break
            sizes = bytes_on_disk(cluster)
            assert set(sizes) == {"stdout", "stderr", *(f"stdout.{n}" for n in range(1, 6))}
            assert sum(sizes.values()) < 100 * MIB
            driver.kill("flood")
            assert (await launches.end()).state is TaskState.KILLED

    asyncio.run(story())


def test_who_takes_more_disk_than_it_asked_for_is_ended(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / SETTINGS_NAME).write_text(
        "[agent]\nenforce_container_disk_quota = true\ncontainer_disk_watch_interval_ms = 200\n"
    )
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        launches = Launches()
        async with (
            asyncio.timeout(60),
            SchedulerDriver(launches, "disk", cluster.master_addresses),
        ):
            line = "head -c 9000000 /dev/zero > file; sleep 600"
            await launches.run("much", line, disk_mib=8)
            end = await launches.end()
        assert (end.state, end.reason) == (
            TaskState.FAILED,
            StatusReason.CONTAINER_LIMITATION_DISK,
        )
        assert end.message == "Disk usage (8.6MB) exceeds quota (8.0MB)"

    asyncio.run(story())


def test_what_is_followed_is_whole_although_it_is_rotated(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        launches = Launches()
        masters = cluster.master_addresses
        async with asyncio.timeout(100), SchedulerDriver(launches, "follow", masters):
            line = "for i in $(seq 30); do seq -f %.0f 1 100000; sleep 0.3; done"
            await launches.run("talk", f"{line}; echo done")
            await patience.until(lambda: bool(bytes_on_disk(cluster).get("stdout")))
            followed = await trimast("task", "logs", "talk", "-f", "--master", masters[0])
        assert (followed.code, followed.err) == (0, "")
        once = "".join(f"{n}\n" for n in range(1, 100_001))
        assert followed.out == once * 30 + "done\n"
        assert "stdout.1" in bytes_on_disk(cluster)

    asyncio.run(story())


def test_a_sandbox_is_looked_into(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    target = cluster.folder / "target"

    async def story() -> None:
        launches = Launches()
        to = ("--master", cluster.master_addresses[0])
        async with asyncio.timeout(60), SchedulerDriver(launches, "look", to[1]):
            await launches.run("t 1", "mkdir -p 'a b'; echo deep > 'a b/ü&=%2e'; mkfifo f")
            assert (await launches.end()).state is TaskState.FINISHED
            listed = await trimast("task", "files", "t 1", "--json", *to)
            below = await trimast("task", "files", "t 1", "a b", *to)
            one = ("task", "files", "t 1", "a b/ü&=%2e", "--download")
            fetched = await trimast(*one, str(target), *to)
            shown = await trimast(*one, "-", *to)
            out = await trimast("task", "files", "t 1", "../..", *to)
            fifo = await trimast("task", "files", "t 1", "f", "--download", "-", *to)
        names = {entry["name"]: entry["mode"][0] for entry in listed.document}
        assert names == {"a b": "d", "f": "p", "stdout": "-", "stderr": "-"}
        assert "ü&=%2e" in below.out
        assert (fetched.code, target.read_text(), shown.out) == (0, "deep\n", "deep\n")
        assert (out.code, fifo.code) == (1, 1)
        assert "the agent answered 403" in out.err
        assert "not a regular file" in fifo.err

    asyncio.run(story())
