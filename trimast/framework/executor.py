"""What an executor's author fills in: one method for each thing that an agent may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimast.framework.scheduler import Done
from trimast.model.ids import TaskId
from trimast.model.task import TaskInfo

if TYPE_CHECKING:
    from trimast.framework.executor_driver import ExecutorDriver


class Executor:
    """Override what you need. Callbacks come one at a time, in the order of the events.

    A callback that takes long keeps the others waiting: start a task of asyncio for what does.
    What one raises ends `ExecutorDriver.run`, which raises it.
    """

    def launch(self, driver: ExecutorDriver, task: TaskInfo) -> Done:
        """Run it, and say how it goes by `driver.update`."""
        return None

    def kill(self, driver: ExecutorDriver, task_id: TaskId, grace_ms: int | None) -> Done:
        """End a task, and report it KILLED. May be asked again, and of one that has ended.

        Args:
            grace_ms: how long it may take; None: what the task's own policy says.
        """
        return None

    def message(self, driver: ExecutorDriver, data: bytes) -> Done:
        """What the framework says to this executor."""
        return None

    def shutdown(self, driver: ExecutorDriver) -> Done:
        """End all tasks: `run` returns next, and the process is killed if it stays."""
        return None
