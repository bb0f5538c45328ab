"""Keeps a framework subscribed to whoever leads, and turns calls and events into plain values."""

import asyncio
import contextlib
import dataclasses
import random as random_module
import re
import secrets
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Final, Self

from trimast.edge.clock import monotonic_ms, wall_ms
from trimast.edge.leader_finder import LeaderAddress, LeaderFinder
from trimast.edge.succession import successor
from trimast.framework import calls
from trimast.framework.delivery import (
    Delivery,
    EventCame,
    LaunchWasVoid,
    Notice,
    OperationWasVoid,
    StreamBroke,
)
from trimast.framework.driver_settings import DriverSettings, framework_info
from trimast.framework.inbox import Inbox
from trimast.framework.known_operations import KnownOperations, dropped
from trimast.framework.known_tasks import KnownTasks
from trimast.framework.scheduler import Scheduler
from trimast.framework.standing import Standing
from trimast.framework.subscription import Subscription
from trimast.framework.teardown import tear_down
from trimast.model.backoff import retry_delay_ms
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OperationId, TaskId
from trimast.model.offer import REFUSE_DEFAULT_MS, Offer
from trimast.model.operation import Operation
from trimast.model.operation_update import OperationUpdate
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

RECONNECT_FIRST_MS: Final = 20
RECONNECT_MOST_MS: Final = 2_000
CLOSING_TIMEOUT_S: Final = 1.0


class SchedulerDriver:
    """One framework. Use it as `async with`, which ends the framework, or await `run`.

    The calls never wait and never fail for want of a leader. What is lost with a leader is told:
    offers by `rescinded`, tasks by a `status_update` that ends them. A kill is repeated until the
    task has ended; an acknowledgement, until it is not needed any more.

    Args:
        framework: who this is; a name alone gets ten minutes of failover time.
        masters: gRPC addresses, `host:port`, of any masters: a list, or a text with commas.
        framework_id: to go on as the framework that another process was.
        acknowledge: False leaves it to you to call `acknowledge` for each update with a uuid.
        random: spreads the retries of many frameworks.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        framework: FrameworkInfo | str,
        masters: str | Iterable[str],
        *,
        framework_id: str | None = None,
        acknowledge: bool = True,
        settings: DriverSettings | None = None,
        random: random_module.Random | None = None,
    ) -> None:
        self._info = framework_info(framework)
        self._settings = settings or DriverSettings()
        self._random = random or random_module.Random()
        self._addresses = _addresses(masters)
        self._tasks = KnownTasks(self._settings.updates_remembered_max)
        self._operations = KnownOperations(self._settings.updates_remembered_max)
        self._inbox: Inbox[Notice] = Inbox(self._settings.events_waiting_max)
        # The id is chosen here, so that subscribing again for want of an answer makes no second
        # framework.
        self._standing = Standing(
            FrameworkId(framework_id or _new_id(self._info.name)),
            self._tasks,
            self._settings,
            self._random,
        )
        self._standing.asks_for_all = framework_id is not None
        self._delivery = Delivery(
            self,
            scheduler,
            self._standing,
            self._tasks,
            self._operations,
            acknowledges=acknowledge,
        )
        self._streams = 0
        self._stop_asked = asyncio.Event()
        self._keeps_tasks = False
        self._group: asyncio.TaskGroup | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def framework_id(self) -> FrameworkId:
        return self._standing.framework_id

    @property
    def is_subscribed(self) -> bool:
        """A leader hears the calls that are made now."""
        return self._standing.is_subscribed

    @property
    def open_tasks(self) -> tuple[TaskId, ...]:
        """Launched, and not known to have ended."""
        return self._tasks.open_ids

    def launch(
        self,
        offers: Offer | Sequence[Offer],
        tasks: Iterable[TaskInfo],
        *,
        refuse_ms: int = REFUSE_DEFAULT_MS,
        group: str | ExecutorInfo | None = None,
        operations: Iterable[Operation] = (),
    ) -> None:
        """Run `tasks` on what one agent offers. What they leave over is declined.

        On an offer that is void by now the tasks end at once as DROPPED, by a status update.

        Args:
            tasks: they are given the offers' agent, if they name none.
            refuse_ms: for how long not to be offered the rest again.
            group: a name: launch all of them or none, and when one ends otherwise than well, kill
                the others. They find a directory that they share as `group` in their sandboxes.
                Or an executor of yours, which hears of all of them at once.
            operations: are done first, each if it can be, see `reserve` and `create_volume`. How
                they went is seen by what is offered next; of one that is `tracked` it is told.

        Raises:
            ValueError: no offer, or offers of several agents.
        """
        offers = (offers,) if isinstance(offers, Offer) else tuple(offers)
        agents = {offer.agent_id for offer in offers}
        if len(agents) != 1:
            raise ValueError(f"launch on one or more offers of one agent, not of {len(agents)}")
        [agent_id] = agents
        placed = [
            task if task.agent_id else dataclasses.replace(task, agent_id=agent_id)
            for task in tasks
        ]
        wanted = tuple(operations)
        self._operations.begun(wanted)
        stream = self._standing.live
        for task in placed:
            self._tasks.launched(task.task_id, stream.number if stream else 0)
        held = [o.offer_id for o in offers if self._standing.offers.pop(o.offer_id, None)]
        if stream is None or len(held) < len(offers):
            self._standing.give_back(held, refuse_ms=0)
            for task in placed:
                self._inbox.put_own(LaunchWasVoid(self._dropped(task)))
            for update in dropped(self.framework_id, agent_id, wanted):
                self._inbox.put_own(OperationWasVoid(update))
            return
        if isinstance(group, str):
            group = ExecutorInfo(ExecutorId(group), ExecutorKind.DEFAULT)
        called = calls.accept(self.framework_id, held, placed, refuse_ms, group, wanted)
        self._standing.send(called)

    def decline(
        self, offers: Offer | Iterable[Offer], *, refuse_ms: int = REFUSE_DEFAULT_MS
    ) -> None:
        """Give offers back; `refuse_ms` is for how long not to be offered the same again."""
        offers = (offers,) if isinstance(offers, Offer) else offers
        held = [o.offer_id for o in offers if self._standing.offers.pop(o.offer_id, None)]
        self._standing.give_back(held, refuse_ms)

    def revive(self) -> None:
        """Ask for offers again, those that were declined too."""
        self._standing.is_suppressed = False
        self._standing.send(calls.revive(self.framework_id))

    def suppress(self) -> None:
        """Ask for no more offers, until `revive`; this holds across leaders."""
        self._standing.is_suppressed = True
        self._standing.send(calls.suppress(self.framework_id))

    def kill(self, task_id: str, *, grace_ms: int | None = None) -> None:
        """End a task. Asked again of every new leader until the task has ended."""
        self._tasks.kill(TaskId(task_id), grace_ms)
        self._standing.send(calls.kill(self.framework_id, TaskId(task_id), grace_ms))

    def send_message(self, agent_id: AgentId, executor_id: str, data: bytes) -> None:
        """Say something to an executor, which may never hear it."""
        called = calls.message(self.framework_id, agent_id, ExecutorId(executor_id), data)
        self._standing.send(called)

    def shut_executor_down(self, agent_id: AgentId, executor_id: str) -> None:
        """End an executor, tasks and all. Not repeated: if it is lost, nothing ends."""
        called = calls.shutdown(self.framework_id, agent_id, ExecutorId(executor_id))
        self._standing.send(called)

    def reconcile(self, task_ids: Iterable[str] = ()) -> None:
        """Ask how these tasks are, or all if none is named; status updates answer.

        The driver does this by itself after every break.
        """
        wanted = [TaskId(task_id) for task_id in task_ids]
        self._tasks.asked_for(wanted)
        if self.is_subscribed:
            self._standing.ask(wanted)
        elif not wanted:
            self._standing.asks_for_all = True

    def reconcile_operations(self, operation_ids: Iterable[str] = ()) -> None:
        """Ask how these went, or all that are not acknowledged if none is named.

        The driver does this by itself for what it has begun, after every break.
        """
        wanted = [OperationId(operation_id) for operation_id in operation_ids]
        self._operations.asked_for(wanted)
        if not wanted:
            self._operations.asked_for_all()
        for call in calls.reconcile_operations(self.framework_id, wanted):
            self._standing.send(call)

    def acknowledge_operation(self, update: OperationUpdate) -> None:
        """As `acknowledge`, of an operation."""
        if update.uuid:
            self._operations.acknowledged(update.uuid)
            self._standing.send(calls.acknowledge_operation(self.framework_id, update))

    def acknowledge(self, update: StatusUpdate) -> None:
        """Say that `update` need not be sent again. Only needed if the driver does not do it."""
        if update.uuid:
            self._tasks.acknowledged(update.uuid)
            self._standing.send_or_keep(calls.acknowledge(self.framework_id, update))

    def stop(self, *, failover: bool = False) -> None:
        """Make `run` return, once the callback that is under way has.

        Args:
            failover: leave the tasks running, for whoever comes back as this framework in time.
                Otherwise the framework is torn down, and its tasks with it.
        """
        self._keeps_tasks = failover
        self._stop_asked.set()
        self._inbox.close()

    async def stopped(self) -> None:
        """Wait until somebody calls `stop`."""
        await self._stop_asked.wait()

    async def run(self) -> None:
        """Until `stop`.

        Raises:
            FrameworkRefused: a leader will not have this framework; not tried again.
            NoLeader: nobody leads for as long as `DriverSettings.leader_timeout_ms`, or for too
                long to be told of the teardown.
        """
        assert not self._streams, "a driver runs once"
        finder = LeaderFinder(self._addresses, random=self._random)
        try:
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self._stay_subscribed(finder))
                while (notice := await self._inbox.take()) is not None:
                    await self._delivery.deliver(notice)
                await self._say_goodbye(finder)
                following.cancel()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            self._standing.lose()
            await finder.close()

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._running = self._group.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the framework, unless `stop(failover=True)` was called."""
        assert self._group is not None
        assert self._running is not None
        if not self._stop_asked.is_set():
            self.stop()
        # Also when this task was cancelled, as by Ctrl-C: nothing should be left running.
        await asyncio.wait([self._running])
        is_own = isinstance(error, Exception)
        try:
            await self._group.__aexit__(*((None,) * 3 if is_own else (kind, error, traceback)))
        except BaseExceptionGroup as failures:
            if not is_own:
                raise failures.exceptions[0] from None

    async def _stay_subscribed(self, finder: LeaderFinder) -> None:
        """From leader to leader, one stream at a time."""
        failures = epoch_min = 0
        lost_ms = monotonic_ms()
        while not self._stop_asked.is_set():
            leader = await finder.find(self._patience_s(lost_ms), epoch_min=epoch_min)
            if await self._follow(finder, leader):
                failures, lost_ms = 0, monotonic_ms()
                epoch_min = max(epoch_min, leader.epoch)
            else:
                failures += 1
            delay_ms = retry_delay_ms(
                failures, self._random, first_ms=RECONNECT_FIRST_MS, most_ms=RECONNECT_MOST_MS
            )
            await asyncio.sleep(delay_ms / 1000)

    async def _follow(self, finder: LeaderFinder, leader: LeaderAddress) -> bool:
        """One stream, to its end. False if the leader had nothing to say."""
        self._streams += 1
        subscribe = calls.subscribe(
            self.framework_id, self._info, suppressed=self._standing.is_suppressed
        )
        channel = finder.channel(leader.grpc)
        stream = Subscription(self._streams, channel, subscribe, self._settings)
        watching: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as group, aclosing(stream.events()) as events:
            async for event in events:
                if watching is None:
                    leaving = _leave_for_a_successor(stream, finder, leader.epoch)
                    watching = group.create_task(leaving)
                await self._inbox.put(EventCame(stream, event))
            if watching is not None:
                watching.cancel()
        await self._inbox.put(StreamBroke(stream))
        return watching is not None

    def _patience_s(self, lost_ms: int) -> float | None:
        timeout_ms = self._settings.leader_timeout_ms
        if timeout_ms is None:
            return None
        return max(0, lost_ms + timeout_ms - monotonic_ms()) / 1000

    async def _say_goodbye(self, finder: LeaderFinder) -> None:
        stream = self._standing.live
        if self._keeps_tasks:
            if stream is not None:
                await _at_most(stream.all_sent())
            return
        if not self._streams:
            return  # No leader can know of this framework.
        if stream is not None and self._standing.send(calls.teardown(self.framework_id)):
            await _at_most(stream.ended())
            if stream.end is not None and stream.end.closed:
                return
        timeout_ms = self._settings.teardown_timeout_ms
        await tear_down(finder, self.framework_id, timeout_ms, self._random)

    def _dropped(self, task: TaskInfo) -> StatusUpdate:
        return StatusUpdate(
            framework_id=self.framework_id,
            task_id=task.task_id,
            agent_id=task.agent_id,
            state=TaskState.DROPPED if self._info.is_partition_aware else TaskState.LOST,
            source=StatusSource.MASTER,
            timestamp_ms=wall_ms(),
            reason=StatusReason.INVALID_OFFERS,
            message="Task launched with invalid offers: an offer is void, or its leader is gone",
        )


async def _leave_for_a_successor(stream: Subscription, finder: LeaderFinder, epoch: int) -> None:
    leader = await successor(finder, stream.pulse, epoch)
    stream.close(f"{leader.master_id} leads by now")


async def _at_most(waiting: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, CLOSING_TIMEOUT_S)


def _addresses(masters: str | Iterable[str]) -> list[str]:
    parts = masters.split(",") if isinstance(masters, str) else masters
    addresses = [part.strip() for part in parts if part.strip()]
    if not addresses:
        raise ValueError("name at least one master, like 127.0.0.1:5052")
    return addresses


def _new_id(name: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:40] or "framework"
    return f"{readable}-{secrets.token_hex(4)}"
