"""The contract of what runs tasks: plain processes today; cgroups and a launcher have room here."""

from typing import Protocol

from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from agent.tasks import TaskKey

ContainerEvent = ProcessStarted | StartFailed | ProcessExited


class Containerizer(Protocol):
    """What comes of an order is told as an event, later, on the loop's thread.

    Every `start` ends in either `StartFailed`, or `ProcessStarted` and then `ProcessExited`.
    When that last one is told, nothing of the task's process group is alive.
    """

    def start(self, order: StartProcess) -> None:
        """Called at most once for a key and fence."""

    def terminate(self, key: TaskKey, fence: int) -> None:
        """Ask all its processes to end. Nothing happens if there is none."""

    def kill(self, key: TaskKey, fence: int) -> None:
        """End all its processes. Nothing happens if there is none."""

    async def close(self) -> None:
        """End everything that still runs, without telling."""
