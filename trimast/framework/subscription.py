"""One stream to one leader: calls go out, events come in, and silence ends it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import grpc.aio

from protos.mesos.v1.scheduler.scheduler_pb2 import Call, Event
from protos.trimast.v1 import scheduler_link_pb2_grpc
from protos.trimast.v1.scheduler_link_pb2 import Calls, Events
from trimast.edge.succession import Pulse
from trimast.edge.wire.batches import in_batches
from trimast.framework.driver_settings import DriverSettings

REFUSING_CODES: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """
    Attributes:
        closed: the leader ended the stream itself, without an error.
        refused: trying again would not help.
    """

    detail: str
    closed: bool = False
    refused: bool = False


class Subscription:
    """
    Args:
        number: from 1; a later stream of the same driver has a higher one.
        subscribe: the first call.

    Attributes:
        pulse: of the leader at the other end.
    """

    def __init__(
        self, number: int, channel: grpc.aio.Channel, subscribe: Call, settings: DriverSettings
    ) -> None:
        self.number = number
        self.end: StreamEnd | None = None
        self._settings = settings
        self.pulse = Pulse(settings.first_event_timeout_ms / 1000)
        self._stream = scheduler_link_pb2_grpc.SchedulerLinkStub(channel).Converse()
        self._unsent: deque[Call] = deque([subscribe])
        self._has_unsent = asyncio.Event()
        self._is_all_sent = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._has_unsent.set()

    @property
    def unsent(self) -> tuple[Call, ...]:
        return tuple(self._unsent)

    def send(self, call: Call) -> None:
        """Never waits. A leader that takes nothing for too long is given up."""
        self._unsent.append(call)
        self._has_unsent.set()
        self._is_all_sent.clear()
        if len(self._unsent) > self._settings.calls_waiting_max:
            self._finish(StreamEnd("the leader takes no calls"))

    def close(self, detail: str = "closed by this side") -> None:
        self._finish(StreamEnd(detail))

    async def all_sent(self) -> None:
        """Or the stream has ended."""
        await self._is_all_sent.wait()

    async def ended(self) -> None:
        await self._has_ended.wait()

    async def events(self) -> AsyncGenerator[Event, None]:
        """All but heartbeats, until the stream ends. Calls are sent meanwhile."""
        writer = asyncio.create_task(self._write())
        silence_s = self._settings.first_event_timeout_ms / 1000
        try:
            while self.end is None:
                events = await self._read(silence_s)
                if events is None:
                    return
                for event in events.events:
                    if event.type == Event.SUBSCRIBED:
                        interval_s = event.subscribed.heartbeat_interval_seconds or 15.0
                        silence_s = max(1.0, interval_s * self._settings.silent_intervals_max)
                        self.pulse.beat(interval_s)
                    if event.type != Event.HEARTBEAT:
                        yield event
        finally:
            self.close()
            writer.cancel()
            await asyncio.wait([writer])

    async def _read(self, silence_s: float) -> Events | None:
        """None once the stream has ended; `end` then says how."""
        try:
            async with asyncio.timeout(silence_s):
                events = await self._stream.read()
        except TimeoutError:
            self._finish(StreamEnd(f"nothing was heard for {silence_s:.1f} s"))
        except asyncio.CancelledError:
            # Ours, if `_finish` cancelled the stream; else somebody cancelled the reader.
            task = asyncio.current_task()
            if self.end is None or (task is not None and task.cancelling()):
                raise
        except grpc.aio.AioRpcError as error:
            refused = error.code() in REFUSING_CODES
            detail = f"{error.code().name}: {error.details()}"
            self._finish(
                StreamEnd(error.details() or detail if refused else detail, False, refused)
            )
        else:
            if isinstance(events, Events):
                self.pulse.beat()
                return events
            self._finish(StreamEnd("the leader closed the stream", closed=True))
        return None

    async def _write(self) -> None:
        try:
            while True:
                await self._has_unsent.wait()
                while self._unsent:
                    batch = next(in_batches(self._unsent))
                    await self._stream.write(Calls(calls=batch))
                    for _ in batch:
                        self._unsent.popleft()
                self._has_unsent.clear()
                self._is_all_sent.set()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # The reader is told why.

    def _finish(self, end: StreamEnd) -> None:
        if self.end is not None:
            return
        self.end = end
        self._has_ended.set()
        self._is_all_sent.set()
        self._stream.cancel()
