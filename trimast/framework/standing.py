"""How a framework stands with the leader it has now: stream, offers, and what is owed to it."""

import asyncio
from collections.abc import Iterable, Sequence
from random import Random

from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from trimast.framework import calls
from trimast.framework.driver_settings import DriverSettings
from trimast.framework.known_tasks import KnownTasks
from trimast.framework.subscription import Subscription
from trimast.model.backoff import retry_delay_ms
from trimast.model.ids import FrameworkId, OfferId, TaskId
from trimast.model.offer import Offer


class Standing:
    """
    Attributes:
        live: the stream that calls go to; None between two leaders.
        offers: of the live stream, not answered yet.
        is_suppressed: no offers are wanted; told to every new leader.
        asks_for_all: the next leader is to say how all tasks are.
    """

    def __init__(
        self,
        framework_id: FrameworkId,
        tasks: KnownTasks,
        settings: DriverSettings,
        random: Random,
    ) -> None:
        self.framework_id = framework_id
        self.live: Subscription | None = None
        self.offers: dict[OfferId, Offer] = {}
        self.is_suppressed = False
        self.asks_for_all = False
        self._tasks = tasks
        self._settings = settings
        self._random = random
        self._kept: dict[bytes, Call] = {}
        self._reconcile_timer: asyncio.TimerHandle | None = None

    @property
    def is_subscribed(self) -> bool:
        return self.live is not None and self.live.end is None

    def send(self, call: Call) -> bool:
        """False if there is no leader to hear it."""
        if self.live is None or self.live.end is not None:
            return False
        self.live.send(call)
        return True

    def send_or_keep(self, acknowledgement: Call) -> None:
        """One that is lost is made up for: the update comes again, and so does this."""
        is_sent = self.send(acknowledgement)
        if not is_sent and len(self._kept) < self._settings.calls_waiting_max:
            self._kept[acknowledgement.acknowledge.uuid] = acknowledgement

    def begin(self, stream: Subscription, framework_id: FrameworkId) -> None:
        """Tell a new leader what an old one may not have heard, and ask what is in doubt."""
        self.framework_id = framework_id
        self.live = stream
        kept, self._kept = self._kept, {}
        for call in kept.values():
            stream.send(call)
        for task_id, grace_ms in self._tasks.kills.items():
            stream.send(calls.kill(framework_id, task_id, grace_ms))
        if self.asks_for_all:
            self.asks_for_all = False
            self.ask([])
        self._tasks.begin_reconciliation()
        self._ask_until_answered(attempt=0)

    def lose(self) -> list[OfferId]:
        """The stream is gone. Returns the offers that are void with it."""
        if self._reconcile_timer is not None:
            self._reconcile_timer.cancel()
        lost, self.live = self.live, None
        for call in lost.unsent if lost else ():
            if call.type == Call.ACKNOWLEDGE:
                self.send_or_keep(call)
        void, self.offers = list(self.offers), {}
        return void

    def ask(self, tasks: Sequence[TaskId]) -> None:
        """How these tasks are; all, if none is named."""
        for call in calls.reconcile(self.framework_id, tasks):
            self.send(call)

    def give_back(self, offer_ids: Iterable[OfferId], refuse_ms: int) -> None:
        ids = list(offer_ids)
        if ids:
            self.send(calls.decline(self.framework_id, ids, refuse_ms))

    def _ask_until_answered(self, attempt: int) -> None:
        unanswered = self._tasks.unanswered()
        if not unanswered or not self.is_subscribed:
            return
        self.ask(unanswered)
        delay_ms = retry_delay_ms(
            attempt,
            self._random,
            first_ms=self._settings.reconcile_first_ms,
            most_ms=self._settings.reconcile_most_ms,
        )
        self._reconcile_timer = asyncio.get_running_loop().call_later(
            delay_ms / 1000, self._ask_until_answered, attempt + 1
        )
