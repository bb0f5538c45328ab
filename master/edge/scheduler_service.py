"""The frameworks' door on gRPC: one stream a subscription, calls in, events out."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

import grpc.aio

from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.master_info import master_info
from master.edge.scheduler_codec import (
    FrameworkNews,
    error_event,
    event_from_call,
    event_from_news,
)
from master.edge.streams import Streams
from master.leader.effects import CloseFrameworkStream
from master.leader.events import FrameworkDisconnected, FrameworkSubscribed
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from protos.trimast.v1 import scheduler_link_pb2, scheduler_link_pb2_grpc
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.batches import in_batches
from trimast.edge.wire.text_check import check_text

_Context = grpc.aio.ServicerContext[Any, Any]
RequestT = TypeVar("RequestT")


class SchedulerService(scheduler_link_pb2_grpc.SchedulerLinkServicer):
    def __init__(
        self,
        doorkeeper: Doorkeeper,
        streams: Streams[FrameworkNews | CloseFrameworkStream],
        count: Callable[[str, str], None],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._streams = streams
        self._count = count

    async def Subscribe(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[scheduler_pb2.Call], context: _Context
    ) -> AsyncIterator[scheduler_pb2.Event]:
        talk = self._talk(request_iterator, _Listener.hear, context)
        async with aclosing(talk) as batches:
            async for events in batches:
                for event in events:
                    yield event

    async def Converse(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[scheduler_link_pb2.Calls], context: _Context
    ) -> AsyncIterator[scheduler_link_pb2.Events]:
        talk = self._talk(request_iterator, _Listener.hear_all, context)
        async with aclosing(talk) as batches:
            async for events in batches:
                for batch in in_batches(events):
                    yield scheduler_link_pb2.Events(events=batch)

    async def _talk(
        self,
        requests: AsyncIterator[RequestT],
        hear: "Callable[[_Listener, RequestT], None]",
        context: _Context,
    ) -> AsyncGenerator[list[scheduler_pb2.Event], None]:
        reign = await self._doorkeeper.reign_or_redirect(context)
        stream_id = StreamId(self._streams.new_number())
        listener = _Listener(reign, stream_id, self._count)
        talk = self._doorkeeper.converse(
            self._streams, stream_id, reign, requests, partial(hear, listener), context
        )
        own_info = master_info(self._doorkeeper.directory)
        heartbeat_s = reign.state.settings.heartbeat_ms / 1000
        try:
            async with aclosing(talk) as batches:
                async for batch in batches:
                    yield _events(batch, heartbeat_s, own_info)
        finally:
            reign.submit(FrameworkDisconnected(stream_id))


def _events(
    batch: list[FrameworkNews | CloseFrameworkStream],
    heartbeat_s: float,
    own_info: mesos_pb2.MasterInfo,
) -> list[scheduler_pb2.Event]:
    events: list[scheduler_pb2.Event] = []
    for news in batch:
        if not isinstance(news, CloseFrameworkStream):
            events.append(event_from_news(news, heartbeat_s=heartbeat_s, master=own_info))
        elif news.error:
            events.append(error_event(news.error))
    return events


class _Listener:
    """A framework subscribes first, and once; then it speaks for itself only."""

    def __init__(
        self, reign: Reign, stream_id: StreamId, count: Callable[[str, str], None]
    ) -> None:
        self._reign = reign
        self._stream_id = stream_id
        self._count = count
        self._has_subscribed = False

    def hear_all(self, calls: scheduler_link_pb2.Calls) -> None:
        for call in calls.calls:
            self.hear(call)

    def hear(self, call: scheduler_pb2.Call) -> None:
        check_text(call)
        event = event_from_call(self._stream_id, call)
        is_subscribe = isinstance(event, FrameworkSubscribed)
        if not is_subscribe and not self._has_subscribed:
            raise BadMessage("Framework is not subscribed: the first call is SUBSCRIBE")
        if is_subscribe and self._has_subscribed:
            raise BadMessage("Framework is subscribed already on this stream")
        if not is_subscribe and call.framework_id.value:
            self._check_framework(call.framework_id.value)
        self._has_subscribed = True
        self._count("scheduler", scheduler_pb2.Call.Type.Name(call.type))
        if event is not None:
            self._reign.submit(event)

    def _check_framework(self, framework_id: str) -> None:
        stream = self._reign.state.frameworks.streams.get(self._stream_id)
        if stream is not None and stream.framework_id != framework_id:
            raise BadMessage(f"Framework cannot be found: {framework_id} is not on this stream")
