"""The contract of what runs tasks. Plain processes today; cgroups have room here."""

from typing import Protocol

from agent.effects import BoundProcess, FindProcess, StartProcess
from agent.events import (
    ProcessExited,
    ProcessMissing,
    ProcessPaused,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
)
from agent.tasks import TaskKey

ContainerEvent = (
    ProcessStarted | ProcessPaused | StartFailed | ProcessExited | ProcessVanished | ProcessMissing
)


class Containerizer(Protocol):
    """What comes of an order is told as an event, later, on the loop's thread.

    Every `start` ends in either `StartFailed`, or `ProcessStarted` and then one of `ProcessExited`
    and `ProcessVanished`. Every `find` ends so too, or in `ProcessMissing`, or, if nothing but the
    end is known, in that alone. When an end is told, nothing of the task's process group is alive.

    Tasks outlive a containerizer that is closed, and are found by the next one.
    """

    async def open(self) -> None:
        """Before anything else. Raises LauncherUnusable."""

    def start(self, order: StartProcess) -> None:
        """Called at most once for a key and fence."""

    def cancel_start(self, key: TaskKey, fence: int) -> None:
        """Its process is not wanted any more; nothing happens if that comes too late."""

    def find(self, order: FindProcess) -> None:
        """A task of an earlier life of the agent. Called before any `start`, once for each."""

    def end_strays(self) -> None:
        """Whatever runs and was neither started nor found is nobody's. Called after `find`."""

    def terminate(self, key: TaskKey, fence: int, *, by_order: bool) -> None:
        """Ask all its processes to end. Nothing happens if there is none.

        Args:
            by_order: is remembered: see `ProcessStarted`.
        """

    def kill(self, key: TaskKey, fence: int) -> None:
        """End all its processes. Nothing happens if there is none."""

    def pause(self, key: TaskKey, fence: int, *, paused: bool) -> None:
        """Hold all its processes where they are, or have them go on: `ProcessPaused` says so.

        One that is found paused is told to be so, after `ProcessStarted`. To ask a paused task to
        end has it go on.
        """

    def bound(self, order: BoundProcess) -> None:
        """What it may use from now on, once it runs. Nothing happens where nothing is bounded."""

    def forget(self, key: TaskKey, fence: int) -> None:
        """How it ended is on disk: nobody will ask again."""

    async def close(self, *, end: bool) -> None:
        """
        Args:
            end: everything that still runs, without telling.
        """
