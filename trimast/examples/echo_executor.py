"""An executor that writes down what its tasks bring, and says it back to the framework.

Each task's data is a text; "wait" as a text keeps the task running until it is killed.
"""

import asyncio
import sys
from pathlib import Path

from trimast.framework import Executor, ExecutorDriver, TaskId, TaskInfo, TaskState


class Echo(Executor):
    def launch(self, driver: ExecutorDriver, task: TaskInfo) -> None:
        driver.update(task.task_id, TaskState.RUNNING)
        text = task.data.decode()
        with Path("echoed").open("a", encoding="utf-8") as file:
            print(task.task_id, text, file=file)
        driver.send_message(f"{task.task_id}: {text}".encode())
        if text != "wait":
            driver.update(task.task_id, TaskState.FINISHED, message=text)

    def kill(self, driver: ExecutorDriver, task_id: TaskId, grace_ms: int | None) -> None:
        driver.update(task_id, TaskState.KILLED)

    def message(self, driver: ExecutorDriver, data: bytes) -> None:
        driver.send_message(b"echo of " + data)


if __name__ == "__main__":
    sys.exit(asyncio.run(ExecutorDriver(Echo()).run()))
