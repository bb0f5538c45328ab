"""A volume outlives its tasks, and a killed agent, and goes when it is destroyed."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.agent.edge import patience
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive
from trimast.examples.run_by_executor import ECHO
from trimast.framework import (
    FrameworkInfo,
    Offer,
    Operation,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskState,
    command_task,
    create_volume,
    destroy_volumes,
    executor_task,
    reserve,
    reserved_in,
    unreserve,
    volume_ids,
    volumes_in,
)

DATABASE = FrameworkInfo("database", roles=("db",), failover_timeout_ms=60_000)
MAKE = (
    reserve("db", disk_mib=64),
    create_volume("db", "files", "data", disk_mib=64),
)


class Database(Scheduler):
    def __init__(self) -> None:
        self.offered: dict[str, Offer] = {}
        self.ends: asyncio.Queue[StatusUpdate] = asyncio.Queue()
        self.running: set[str] = set()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        self.offered.update((offer.offer_id, offer) for offer in offers)

    def rescinded(self, driver: SchedulerDriver, offer_id: str) -> None:
        self.offered.pop(offer_id, None)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.running.add(update.task_id)
        if update.state.is_terminal:
            self.ends.put_nowait(update)

    async def runs(self, task_id: str) -> None:
        await patience.until(lambda: task_id in self.running)

    async def offer(self, *, ids: list[str]) -> Offer:
        """One with these volumes."""

        def fits() -> list[Offer]:
            return [o for o in self.offered.values() if volume_ids(o.resources) == ids]

        await patience.until(lambda: bool(fits()))
        return self.offered.pop(fits()[0].offer_id)

    async def run(
        self,
        driver: SchedulerDriver,
        name: str,
        line: str,
        *operations: Operation,
        ids: list[str],
    ) -> StatusUpdate:
        offer = await self.offer(ids=ids)
        volumes = volumes_in(offer.resources)
        for operation in operations:
            volumes += volumes_in(operation.resources)
        task = command_task(name, line)
        task = replace(task, resources=task.resources + volumes)
        driver.launch(offer, [task], refuse_ms=0, operations=operations)
        return await self.ends.get()


def volume_of(cluster: ClusterFile) -> Path:
    return next(iter(cluster.folder.rglob("volumes"))) / "roles" / "db" / "files"


def test_what_one_task_leaves_in_a_volume_the_next_one_finds(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        database = Database()
        driver = SchedulerDriver(database, DATABASE, cluster.master_addresses)
        async with asyncio.timeout(100), driver:
            line = "echo kept > data/file"
            end = await database.run(driver, "writes", line, *MAKE, ids=[])
            assert (end.state, end.message) == (TaskState.FINISHED, end.message)
            kill_member(cluster_in(cluster.folder), "a1")
            await revive(cluster.folder)
            line = "grep -q kept data/file && test ! -e file"
            end = await database.run(driver, "reads", line, ids=["files"])
            assert (end.state, end.message) == (TaskState.FINISHED, end.message)
            place = volume_of(cluster)
            assert (place / "file").read_text() == "kept\n"

            offer = await database.offer(ids=["files"])
            destroyed = destroy_volumes(volumes_in(offer.resources))
            database.offered.clear()  # Of what is left over: the rest comes in a new one.
            driver.launch(offer, [], refuse_ms=0, operations=[destroyed])
            offer = await database.offer(ids=[])
            assert str(reserved_in(offer.resources)) == "disk(db):64"
            await patience.until(lambda: not place.exists())
            trash = place.parent.parent.parent / "trash"
            await patience.until(lambda: os.listdir(trash) == [])
            freed = [unreserve(reserved_in(offer.resources))]
            database.offered.clear()
            driver.launch(offer, [], refuse_ms=0, operations=freed)
            offer = await database.offer(ids=[])
            assert reserved_in(offer.resources).is_empty

    asyncio.run(story())


def test_a_volume_that_is_gone_fails_its_task_and_is_not_made_anew(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        database = Database()
        driver = SchedulerDriver(database, DATABASE, cluster.master_addresses)
        async with asyncio.timeout(100), driver:
            end = await database.run(driver, "makes", "true", *MAKE, ids=[])
            assert end.state is TaskState.FINISHED
            place = volume_of(cluster)
            place.rmdir()
            kill_member(cluster_in(cluster.folder), "a1")
            await revive(cluster.folder)
            end = await database.run(driver, "misses", "true", ids=["files"])
            assert end.state is TaskState.FAILED
            assert "persistent volume 'files' of role 'db' is not there" in end.message
            assert not place.exists()

    asyncio.run(story())


def test_an_executor_finds_the_volume_of_its_task(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        database = Database()
        driver = SchedulerDriver(database, DATABASE, cluster.master_addresses)
        async with asyncio.timeout(100), driver:
            for fresh, name in ((True, "first"), (False, "second")):
                offer = await database.offer(ids=[] if fresh else ["files"])
                task = executor_task(name, ECHO, data=b"wait")
                volume = MAKE[1].resources if fresh else volumes_in(offer.resources)
                task = replace(task, resources=task.resources + volume)
                database.offered.clear()  # Of what is left over: the rest comes in a new one.
                operations = MAKE if fresh else ()
                driver.launch(offer, [task], refuse_ms=0, operations=operations)
                await database.runs(name)
                links = cluster.folder.rglob("executors/echo/runs/*/data")
                assert {link.resolve() for link in links} == {volume_of(cluster)}
                driver.kill(name)
                end = await database.ends.get()
                assert (end.task_id, end.state) == (name, TaskState.KILLED), end.message

    asyncio.run(story())
