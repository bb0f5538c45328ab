"""Counts how often it was run, in a persistent volume: run it twice, and it says 2.

python -m trimast.examples.keep_count --master 127.0.0.1:5052
python -m trimast.examples.keep_count --master 127.0.0.1:5052 --destroy
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace

from trimast.framework import (
    FrameworkInfo,
    Offer,
    Resources,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    command_task,
    create_volume,
    destroy_volumes,
    reserve,
    reserved_in,
    unreserve,
    volumes_in,
)

ROLE = "keep-count"
VOLUME = "count"
DISK_MIB = 8
PATIENCE_S = 3.0
"""For the offer of an agent that has the volume already."""
COUNT = "n=$(($(cat data/n 2>/dev/null || echo 0) + 1)); echo $n > data/n; exit $n"


class KeepCount(Scheduler):
    def __init__(self, *, destroys: bool) -> None:
        self._destroys = destroys
        self._held: list[Offer] = []
        self._is_done = False
        self.count = 0

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            volume = volumes_in(offer.resources, VOLUME)
            if volume.is_empty or self._is_done:
                self._held.append(offer)
            elif self._destroys:
                self._is_done = True
                freed = unreserve(reserved_in(offer.resources) + destroy_volumes(volume).converted)
                driver.launch(offer, [], operations=[destroy_volumes(volume), freed])
                driver.stop()
            else:
                self._run(driver, offer, volume)

    def make(self, driver: SchedulerDriver) -> None:
        """Nobody has offered it: there is none yet."""
        needs = Resources.of({"cpus": 100, "mem": 32_000, "disk": DISK_MIB * 1000})
        fitting = [offer for offer in self._held if offer.resources.covers(needs)]
        if self._is_done or self._destroys or not fitting:
            return
        made = create_volume(ROLE, VOLUME, "data", disk_mib=DISK_MIB)
        driver.launch(fitting[0], [], operations=[reserve(ROLE, disk_mib=DISK_MIB), made])
        self._held.remove(fitting[0])

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        if update.state.is_terminal:
            if not update.exit_code:
                print(f"{update.state} {update.message}", file=sys.stderr)
            self.count = update.exit_code or 0  # The task ends with what it counted.
            driver.stop()

    def rescinded(self, driver: SchedulerDriver, offer_id: str) -> None:
        self._held = [offer for offer in self._held if offer.offer_id != offer_id]

    def _run(self, driver: SchedulerDriver, offer: Offer, volume: Resources) -> None:
        task = command_task("count", COUNT, cpus=0.1, mem_mib=32)
        driver.launch(offer, [replace(task, resources=task.resources + volume)])
        self._is_done = True


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="127.0.0.1:5052", help="any masters: host:port,...")
    parser.add_argument("--destroy", action="store_true", help="the volume, and all that is in it")
    options = parser.parse_args()
    scheduler = KeepCount(destroys=options.destroy)
    framework = FrameworkInfo("keep-count", roles=(ROLE,))
    async with SchedulerDriver(scheduler, framework, options.master) as driver:
        try:
            await asyncio.wait_for(driver.stopped(), PATIENCE_S)
        except TimeoutError:
            scheduler.make(driver)
            await asyncio.wait_for(driver.stopped(), 10 * PATIENCE_S)
    print(scheduler.count)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
