"""Takes what a leader tells, one thing at a time, and calls the scheduler back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from protos.mesos.v1.scheduler.scheduler_pb2 import Event
from trimast.edge.wire.offer_codec import offer_from_proto
from trimast.edge.wire.operation_update_codec import operation_update_from_proto
from trimast.edge.wire.status_codec import status_from_proto
from trimast.framework import calls
from trimast.framework.known_operations import KnownOperations
from trimast.framework.known_tasks import KnownTasks, Verdict
from trimast.framework.refused import FrameworkRefused
from trimast.framework.scheduler import Done, Scheduler
from trimast.framework.standing import Standing
from trimast.framework.subscription import Subscription
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId
from trimast.model.operation_update import OperationUpdate
from trimast.model.status_update import StatusUpdate

if TYPE_CHECKING:
    from trimast.framework.driver import SchedulerDriver


@dataclass(frozen=True, slots=True)
class EventCame:
    stream: Subscription
    event: Event


@dataclass(frozen=True, slots=True)
class StreamBroke:
    stream: Subscription


@dataclass(frozen=True, slots=True)
class LaunchWasVoid:
    """The driver's own answer to a launch on offers that are gone."""

    update: StatusUpdate


@dataclass(frozen=True, slots=True)
class OperationWasVoid:
    """The same for an operation."""

    update: OperationUpdate


Notice = EventCame | StreamBroke | LaunchWasVoid | OperationWasVoid


class Delivery:
    """
    Args:
        acknowledges: whether an update is acknowledged once the scheduler has dealt with it.
    """

    def __init__(
        self,
        driver: SchedulerDriver,
        scheduler: Scheduler,
        standing: Standing,
        tasks: KnownTasks,
        operations: KnownOperations,
        *,
        acknowledges: bool,
    ) -> None:
        self._driver = driver
        self._scheduler = scheduler
        self._standing = standing
        self._tasks = tasks
        self._operations = operations
        self._acknowledges = acknowledges
        self._has_subscribed = False

    async def deliver(self, notice: Notice) -> None:
        match notice:
            case EventCame(stream, event):
                await self._event_came(stream, event)
            case StreamBroke(stream):
                await self._stream_broke(stream)
            case LaunchWasVoid(update):
                await self._update(0, update)
            case OperationWasVoid(update):
                await self._operation_update(update)
            case _:
                assert_never(notice)

    async def _event_came(self, stream: Subscription, event: Event) -> None:
        if event.type == Event.SUBSCRIBED:
            await self._subscribed(stream, FrameworkId(event.subscribed.framework_id.value))
        elif event.type == Event.OFFERS:
            await self._offers(stream, event.offers)
        elif event.type == Event.RESCIND:
            await self._rescind(OfferId(event.rescind.offer_id.value))
        elif event.type == Event.UPDATE:
            status = event.update.status
            await self._update(
                stream.number, status_from_proto(status, self._standing.framework_id)
            )
        elif event.type == Event.UPDATE_OPERATION_STATUS:
            told = event.update_operation_status.status
            await self._operation_update(
                operation_update_from_proto(told, self._standing.framework_id)
            )
        elif event.type == Event.FAILURE:
            await self._failure(event.failure)
        elif event.type == Event.MESSAGE:
            place = _place(event.message)
            said = self._scheduler.executor_message(self._driver, *place, event.message.data)
            await _done(said)
        elif event.type == Event.ERROR:
            await self._refused(event.error.message)
        # Whatever a later leader may add is for later drivers.

    async def _subscribed(self, stream: Subscription, framework_id: FrameworkId) -> None:
        is_first, self._has_subscribed = not self._has_subscribed, True
        self._standing.begin(stream, framework_id)
        if self._operations.open_ids:
            for call in calls.reconcile_operations(framework_id, self._operations.open_ids):
                self._standing.send(call)
        if is_first:
            await _done(self._scheduler.subscribed(self._driver, framework_id))
        else:
            await _done(self._scheduler.resubscribed(self._driver))

    async def _offers(self, stream: Subscription, message: Event.Offers) -> None:
        if stream.end is not None:
            return  # Void before the scheduler could hear of them.
        offers = [offer_from_proto(offer) for offer in message.offers]
        self._standing.offers.update((offer.offer_id, offer) for offer in offers)
        await _done(self._scheduler.offers(self._driver, offers))

    async def _rescind(self, offer_id: OfferId) -> None:
        # A launch or a decline may be on its way; then the leader answers that.
        if self._standing.offers.pop(offer_id, None) is not None:
            await _done(self._scheduler.rescinded(self._driver, offer_id))

    async def _update(self, stream_number: int, update: StatusUpdate) -> None:
        verdict = self._tasks.take(update, stream_number)
        if verdict is Verdict.DELIVER:
            await _done(self._scheduler.status_update(self._driver, update))
        if not update.uuid:
            return
        if (
            self._acknowledges
            or verdict is Verdict.KNOWN
            or self._tasks.is_acknowledged(update.uuid)
        ):
            self._tasks.acknowledged(update.uuid)
            self._standing.send_or_keep(calls.acknowledge(self._standing.framework_id, update))

    async def _operation_update(self, update: OperationUpdate) -> None:
        is_news = self._operations.take(update)
        if is_news:
            await _done(self._scheduler.operation_update(self._driver, update))
        if update.uuid and (self._acknowledges or self._operations.is_acknowledged(update.uuid)):
            self._operations.acknowledged(update.uuid)
            self._standing.send(calls.acknowledge_operation(self._standing.framework_id, update))

    async def _failure(self, failure: Event.Failure) -> None:
        agent_id, executor_id = _place(failure)
        if executor_id:
            lost = self._scheduler.executor_lost(
                self._driver, agent_id, executor_id, failure.status
            )
        else:
            lost = self._scheduler.agent_lost(self._driver, agent_id)
        await _done(lost)

    async def _stream_broke(self, stream: Subscription) -> None:
        assert stream.end is not None
        if stream.end.refused:
            await self._refused(stream.end.detail)
        if self._standing.live is not stream:
            return  # It never came so far as to be subscribed.
        for offer_id in self._standing.lose():
            await _done(self._scheduler.rescinded(self._driver, offer_id))
        await _done(self._scheduler.disconnected(self._driver))

    async def _refused(self, message: str) -> None:
        await _done(self._scheduler.error(self._driver, message))
        raise FrameworkRefused(message)


def _place(message: Event.Failure | Event.Message) -> tuple[AgentId, ExecutorId]:
    return AgentId(message.agent_id.value), ExecutorId(message.executor_id.value)


async def _done(waiting: Done) -> None:
    if waiting is not None:
        await waiting
