"""What a framework's author fills in: one method for each thing that a leader may tell."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Final

from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId
from trimast.model.offer import Offer
from trimast.model.operation_update import OperationUpdate
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import TaskState

if TYPE_CHECKING:
    from trimast.framework.driver import SchedulerDriver

NEVER_RAN: Final = frozenset({TaskState.DROPPED, TaskState.UNKNOWN})
"""Ends of a launch that no agent heard of, nor ever will. It is safe to launch again."""

Done = Awaitable[None] | None
"""A callback is a plain function, or a coroutine function that the driver waits for."""


class Scheduler:
    """Override what you need. Callbacks come one at a time, in the order of the events.

    All calls of the driver may be made from any of them. What a callback raises ends
    `SchedulerDriver.run`, which raises it.
    """

    def subscribed(self, driver: SchedulerDriver, framework_id: FrameworkId) -> Done:
        """A leader knows this framework: offers follow."""
        return None

    def resubscribed(self, driver: SchedulerDriver) -> Done:
        """Again after a break, maybe with another leader. Tasks have run on meanwhile."""
        return None

    def disconnected(self, driver: SchedulerDriver) -> Done:
        """The stream broke; the driver looks for the leader. `rescinded` was called before."""
        return None

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> Done:
        """Each offer is this framework's until it is launched on, declined or rescinded."""
        return None

    def rescinded(self, driver: SchedulerDriver, offer_id: OfferId) -> Done:
        """The offer is void: its agent is gone, or the leader that made it."""
        return None

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> Done:
        """What became of a task: each committed update once, and each task ends once.

        `UNKNOWN` ends it too: no master knows of the task, so its launch was lost with a former
        leader, and it may be launched again, under this id or another.
        """
        return None

    def operation_update(self, driver: SchedulerDriver, update: OperationUpdate) -> Done:
        """How an operation went that has an id, see `tracked`: each ends once.

        `UNKNOWN` and `DROPPED` end it too: it was lost with a former leader, and was not done.
        """
        return None

    def agent_lost(self, driver: SchedulerDriver, agent_id: AgentId) -> Done:
        """An agent was given up. What becomes of its tasks is told one by one."""
        return None

    def executor_message(
        self, driver: SchedulerDriver, agent_id: AgentId, executor_id: ExecutorId, data: bytes
    ) -> Done:
        """What an executor says to its framework. Some may be lost."""
        return None

    def executor_lost(
        self, driver: SchedulerDriver, agent_id: AgentId, executor_id: ExecutorId, status: int
    ) -> Done:
        """An executor's process is gone. What becomes of its tasks is told one by one.

        Args:
            status: as wait(2) has it; -1 if that is not known.
        """
        return None

    def error(self, driver: SchedulerDriver, message: str) -> Done:
        """The framework was refused; `SchedulerDriver.run` raises `FrameworkRefused` next."""
        return None
