"""Keeps some copies of a command running: one that ends is replaced, whoever leads.

python -m trimast.examples.keep_running --master 127.0.0.1:5052 --copies 3 -- sleep 10
"""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Sequence

from trimast.framework import Offer, Scheduler, SchedulerDriver, StatusUpdate, command_task


class KeepRunning(Scheduler):
    """What is missing is launched; what has ended is missing. There is no more to it.

    A launch that got lost with a leader needs no care here: the driver asks the next leader for
    every task that it launched, and one that no master knows of ends like any other.
    """

    def __init__(self, command: list[str], copies: int) -> None:
        self._command = command
        self._copies = copies
        self._numbers = itertools.count(1)

    def resubscribed(self, driver: SchedulerDriver) -> None:
        print("another leader, the same tasks", file=sys.stderr)

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            left, tasks = offer.resources, []
            for _ in range(self._copies - len(driver.open_tasks)):
                task = command_task(f"copy-{next(self._numbers)}", self._command)
                if not left.covers(task.resources):
                    break
                left -= task.resources
                tasks.append(task)
            if tasks:
                driver.launch(offer, tasks)
            else:
                driver.decline(offer)
        if len(driver.open_tasks) >= self._copies:
            driver.suppress()  # No offers are needed until something ends.

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        print(f"{update.task_id} {update.state} {update.message}", file=sys.stderr)
        if len(driver.open_tasks) < self._copies:
            driver.revive()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="127.0.0.1:5052", help="any masters: host:port,...")
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args()
    scheduler = KeepRunning(options.command, options.copies)
    async with SchedulerDriver(scheduler, "keep-running", options.master) as driver:
        await driver.stopped()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
