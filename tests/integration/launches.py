"""A framework that launches what it is told to, one task after the other."""

import asyncio
from collections.abc import Sequence

from trimast.framework import Offer, Scheduler, SchedulerDriver, StatusUpdate, Uri, command_task


class Launches(Scheduler):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self._offers: asyncio.Queue[Offer] = asyncio.Queue()
        self._driver: SchedulerDriver | None = None
        self.updates: asyncio.Queue[StatusUpdate] = asyncio.Queue()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        self._driver = driver
        for offer in offers:
            self._offers.put_nowait(offer)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.updates.put_nowait(update)

    async def run(self, name: str, command: str, *uris: Uri, disk_mib: float = 0) -> None:
        offer = await self._offers.get()
        assert self._driver is not None
        self._driver.launch(
            offer, [command_task(name, command, uris=uris, disk_mib=disk_mib)], refuse_ms=0
        )

    async def end(self) -> StatusUpdate:
        while not (update := await self.updates.get()).state.is_terminal:
            pass
        return update
