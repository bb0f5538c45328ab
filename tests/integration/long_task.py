"""A framework with tasks that run for long, and note their own process when they start."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from trimast.cli.drilling.holder import Holder
from trimast.cli.drilling.task_ledger import read_ledger
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.processes import ProcessMark, is_alive
from trimast.framework import Offer, SchedulerDriver, StatusUpdate


class WatchedHolder(Holder):
    """Also counts subscriptions, offers and every update."""

    def __init__(self, count: int, ledger: Path) -> None:
        super().__init__(count, ledger)
        self.ledger = ledger
        self.offers_seen: list[str] = []
        self.updates: list[StatusUpdate] = []
        self.again = asyncio.Event()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        self.offers_seen += [offer.offer_id for offer in offers]
        super().offers(driver, offers)

    def resubscribed(self, driver: SchedulerDriver) -> None:
        super().resubscribed(driver)
        self.again.set()

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.updates.append(update)
        super().status_update(driver, update)

    def processes(self) -> dict[str, list[ProcessMark]]:
        return read_ledger(self.ledger)

    def assert_untouched(self, since: dict[str, list[ProcessMark]]) -> None:
        """The same processes, each started once, all of them alive, none reported ended."""
        assert self.processes() == since
        assert all(len(starts) == 1 and is_alive(starts[0]) for starts in since.values())
        assert self.ended == {}


async def all_started(holder: WatchedHolder) -> dict[str, list[ProcessMark]]:
    await holder.all_running()
    while len(holder.processes()) < len(holder.names):  # noqa: ASYNC110 - tasks write that file
        await asyncio.sleep(0.02)
    return holder.processes()


def driver_for(holder: WatchedHolder, cluster: ClusterFile) -> SchedulerDriver:
    return SchedulerDriver(holder, "long", cluster.master_addresses)
