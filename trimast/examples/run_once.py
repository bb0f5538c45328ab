"""Runs one command somewhere in the cluster, waits for its end, and ends like it did.

python -m trimast.examples.run_once --master 127.0.0.1:5052 -- echo hi
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from trimast.framework import (
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    TaskState,
    command_task,
)


class RunOnce(Scheduler):
    def __init__(self, command: list[str]) -> None:
        self._task = command_task("only", command, cpus=0.1, mem_mib=32)
        self._is_launched = False
        self.exit_code = 1

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            if not self._is_launched and offer.resources.covers(self._task.resources):
                driver.launch(offer, [self._task])
                self._is_launched = True
            else:
                driver.decline(offer)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        print(f"{update.state} on {update.agent_id} {update.message}", file=sys.stderr)
        if update.state in {TaskState.DROPPED, TaskState.UNKNOWN}:
            self._is_launched = False  # It never ran: the next offer will do.
        elif update.state.is_terminal:
            self.exit_code = update.exit_code if update.exit_code is not None else 1
            driver.stop()


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="127.0.0.1:5052", help="any masters: host:port,...")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args()
    scheduler = RunOnce(options.command)
    await SchedulerDriver(scheduler, "run-once", options.master).run()
    return scheduler.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
