"""Runs a few tasks by one executor of its own, and prints what that says.

python -m trimast.examples.run_by_executor --master 127.0.0.1:5052 -- one two three
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from trimast.framework import (
    AgentId,
    ExecutorId,
    Offer,
    Scheduler,
    SchedulerDriver,
    StatusUpdate,
    executor,
    executor_task,
)

# The agent has an environment of its own: say where this package is.
ECHO = executor(
    "echo",
    [sys.executable, "-m", "trimast.examples.echo_executor"],
    environment={"PYTHONPATH": str(Path(__file__).parents[2])},
)


class RunByExecutor(Scheduler):
    def __init__(self, texts: list[str]) -> None:
        self._tasks = [
            executor_task(f"echo-{number}", ECHO, data=text.encode())
            for number, text in enumerate(texts, 1)
        ]
        self._running = {task.task_id for task in self._tasks}
        self._is_launched = False
        self.exit_code = 0

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            if self._is_launched:
                driver.decline(offer)
            else:
                driver.launch(offer, self._tasks)
                self._is_launched = True

    def executor_message(
        self, driver: SchedulerDriver, agent_id: AgentId, executor_id: ExecutorId, data: bytes
    ) -> None:
        print(f"{executor_id} on {agent_id} says {data.decode()}")

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        print(f"{update.task_id} {update.state} {update.message}", file=sys.stderr)
        if update.state.is_terminal:
            self._running.discard(update.task_id)
            self.exit_code = self.exit_code or int(update.state != "finished")
        if not self._running:
            driver.stop()


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="127.0.0.1:5052", help="any masters: host:port,...")
    parser.add_argument("text", nargs="+", help="for each a task, after --")
    options = parser.parse_args()
    scheduler = RunByExecutor(options.text)
    await SchedulerDriver(scheduler, "run-by-executor", options.master).run()
    return scheduler.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
