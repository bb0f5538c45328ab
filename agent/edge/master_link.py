"""The link to the leading master: found, dialled, held, and found again when it breaks."""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final

import grpc.aio
import structlog

from agent.edge.link_codec import (
    executor_ended_to_proto,
    executor_said_to_proto,
    hello_to_proto,
    inventory_to_proto,
    order_from_proto,
    pong_to_proto,
    reports_to_proto,
    volumes_destroyed_to_proto,
)
from agent.effects import SayHello, SendInventory, SendPong, SendReports, SendVolumesDestroyed
from agent.events import LinkClosed, LinkOpened, MasterSaid
from agent.executors.effects import PassToFramework, TellExecutorEnded
from protos.trimast.v1 import agent_link_pb2, agent_link_pb2_grpc
from trimast.edge.fatal import own_task
from trimast.edge.leader_finder import LeaderAddress, LeaderFinder, NoLeader
from trimast.edge.succession import Pulse, successor
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.backoff import retry_delay_ms
from trimast.model.status_update import StatusUpdate

log = structlog.get_logger()

LinkEvent = LinkOpened | LinkClosed | MasterSaid
Message = (
    SayHello
    | SendInventory
    | SendReports
    | SendPong
    | PassToFramework
    | TellExecutorEnded
    | SendVolumesDestroyed
)

OUTBOX_REPORTS_MAX: Final = 100_000
"""A master that reads nothing for so long is better left."""
OUTBOX_WORDS_MAX: Final = 1_000
"""Of executors, and whatever else waits before the reports."""
REPORTS_A_MESSAGE_MAX: Final = 500
FIRST_PULSE_S: Final = 5.0
"""How long a leader may take to welcome us before we ask whether it still leads."""
FIRST_WAIT_MS: Final = 50
MOST_WAIT_MS: Final = 2_000
TELL_EVERY_S: Final = 10.0

_Call = grpc.aio.StreamStreamCall[agent_link_pb2.AgentMessage, agent_link_pb2.MasterMessage]


class _Outbox:
    """What is to be sent over one link; everything of one turn of the loop goes together."""

    def __init__(self) -> None:
        self._messages: deque[agent_link_pb2.AgentMessage] = deque()
        self._reports: list[StatusUpdate] = []
        self._filled = asyncio.Event()

    def put(self, message: Message) -> None:
        """Raises OverflowError."""
        match message:
            case SendReports():
                if len(self._reports) + len(message.reports) > OUTBOX_REPORTS_MAX:
                    raise OverflowError
                self._reports += message.reports
            case SayHello():
                self._messages.append(hello_to_proto(message))
            case SendInventory():
                self._messages.append(inventory_to_proto(message.tasks))
            case SendPong():
                self._messages.append(pong_to_proto())
            case SendVolumesDestroyed():
                self._messages.append(volumes_destroyed_to_proto(message))
            case TellExecutorEnded():
                self._messages.append(executor_ended_to_proto(message))
            case PassToFramework():
                if len(self._messages) < OUTBOX_WORDS_MAX:  # They may be lost.
                    self._messages.append(executor_said_to_proto(message))
        self._filled.set()

    async def take(self) -> agent_link_pb2.AgentMessage:
        """Answers go before reports: a hello is awaited, a late pong costs the link."""
        while not (self._messages or self._reports):
            self._filled.clear()
            await self._filled.wait()
        if self._messages:
            return self._messages.popleft()
        batch = self._reports[:REPORTS_A_MESSAGE_MAX]
        del self._reports[:REPORTS_A_MESSAGE_MAX]
        return reports_to_proto(batch)


class MasterLink:
    """At most one link at a time, each with a number of its own.

    Args:
        submit: is told what happens; nothing more of a link that the core has closed.
    """

    def __init__(
        self, finder: LeaderFinder, *, random: Random, submit: Callable[[LinkEvent], None]
    ) -> None:
        self._finder = finder
        self._random = random
        self._submit = submit
        self._link_id = 0
        self._outbox: _Outbox | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def open(self, epoch_min: int) -> None:
        """Look for the leader and dial it, until there is a link or `stop`."""
        self._drop()
        self._task = own_task(self._hold_one(epoch_min))

    def close(self, link_id: int, why: str) -> None:
        if link_id == self._link_id and self._outbox is not None:
            log.warning("link_closed", link_id=link_id, why=why)
            self._drop()

    def send(self, message: Message) -> None:
        """Of a link that is closed by now, the message is dropped."""
        if message.link_id != self._link_id or self._outbox is None:
            return
        try:
            self._outbox.put(message)
        except OverflowError:
            self._lost(message.link_id, "the master does not read what it is sent")

    async def stop(self) -> None:
        task = self._task
        self._drop()
        if task is not None:
            await asyncio.wait([task])
        await self._finder.close()

    def _drop(self) -> None:
        self._outbox = None
        if self._task is not None:
            self._task.cancel()
        self._task = None

    def _lost(self, link_id: int, why: str) -> None:
        log.warning("link_lost", link_id=link_id, why=why)
        self._drop()
        self._submit(LinkClosed(link_id, why))

    async def _hold_one(self, epoch_min: int) -> None:
        if self._failures:
            wait_ms = retry_delay_ms(
                self._failures - 1, self._random, first_ms=FIRST_WAIT_MS, most_ms=MOST_WAIT_MS
            )
            await asyncio.sleep(wait_ms / 1000)
        leader = await self._find(epoch_min)
        self._link_id += 1
        link_id = self._link_id
        outbox = self._outbox = _Outbox()
        log.info("link_opened", link_id=link_id, master_id=leader.master_id, grpc=leader.grpc)
        call = agent_link_pb2_grpc.AgentLinkStub(self._finder.channel(leader.grpc)).Connect()
        self._submit(LinkOpened(link_id))
        # One that welcomes us counts as a success, so that after it the next is dialled at once.
        self._failures += 1
        pulse = Pulse(FIRST_PULSE_S)
        writer = own_task(_write_all(call, outbox))
        watcher = own_task(self._leave_for_a_successor(link_id, pulse, leader.epoch))
        try:
            why = await self._read_all(call, link_id, pulse)
        finally:
            call.cancel()
            writer.cancel()
            watcher.cancel()
        # From here on nothing is awaited: `_lost` cancels the very task that runs this.
        if self._outbox is outbox:
            self._lost(link_id, why)

    async def _find(self, epoch_min: int) -> LeaderAddress:
        while True:
            try:
                return await self._finder.find(TELL_EVERY_S, epoch_min=epoch_min)
            except NoLeader as error:
                log.warning("no_leader_found", why=str(error))

    async def _leave_for_a_successor(self, link_id: int, pulse: Pulse, epoch: int) -> None:
        leader = await successor(self._finder, pulse, epoch)
        if link_id == self._link_id and self._outbox is not None:
            self._lost(link_id, f"{leader.master_id} leads by now")

    async def _read_all(self, call: _Call, link_id: int, pulse: Pulse) -> str:
        """Why the link ended."""
        try:
            async for message in call:
                pulse.beat()
                if message.HasField("welcome"):
                    self._failures = 0
                    pulse.beat(message.welcome.ping_ms / 1000 or FIRST_PULSE_S)
                self._submit(MasterSaid(link_id, message.epoch, order_from_proto(message)))
        except BadMessage as error:
            return f"the master said what cannot be: {error}"
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
        return "the master ended it"


async def _write_all(call: _Call, outbox: _Outbox) -> None:
    try:
        while True:
            await call.write(await outbox.take())
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return  # The link is over; whoever reads it is told why.
