"""The scheduler API of Mesos over HTTP: one stream of events a subscription, calls beside it.

What is checked, in which order and with which words, is as with Mesos: clients tell by it.
"""

import asyncio
import uuid
from typing import Final

import structlog
from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.master_info import master_info
from master.edge.mesos.leading import Redirect, reign_or_redirect
from master.edge.scheduler_codec import (
    FrameworkNews,
    error_event,
    event_from_call,
    event_from_news,
)
from master.edge.streams import SlowReader, Streams
from master.leader.effects import CloseFrameworkStream
from master.leader.events import FrameworkDisconnected, LeaderEvent
from master.presence.frameworks import StreamId
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.mesos_http import Refusal, accepted_type, encoded, read_call
from trimast.edge.recordio import to_record
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.ids import FrameworkId

log = structlog.get_logger()

PATHS: Final = ("/api/v1/scheduler", "/master/api/v1/scheduler")
STREAM_ID: Final = "Mesos-Stream-Id"
LOOK_AFTER_S: Final = 1.0
"""How soon it is noticed that a framework to which nothing is said has hung up."""

_Call = scheduler_pb2.Call
_News = FrameworkNews | CloseFrameworkStream


class SchedulerApi:
    def __init__(self, doorkeeper: Doorkeeper, streams: Streams[_News]) -> None:
        self._doorkeeper = doorkeeper
        self._streams = streams
        self._ids: dict[StreamId, str] = {}

    def mount(self, app: web.Application) -> None:
        for path in PATHS:
            app.router.add_route("*", path, self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            reign = reign_or_redirect(self._doorkeeper, request)
            call = await read_call(request, scheduler_pb2.Call)
            if call.type == _Call.SUBSCRIBE:
                return await self._subscribe(request, reign, call)
            return self._call(request, reign, call)
        except (Refusal, Redirect) as answer:
            return answer.as_response()

    # Calls.

    def _call(self, request: web.Request, reign: Reign, call: scheduler_pb2.Call) -> web.Response:
        framework_id = FrameworkId(call.framework_id.value)
        stream = reign.state.frameworks.stream_of.get(framework_id)
        number = StreamId(0) if stream is None else stream.stream_id
        try:
            # As if it had come over that very stream.
            event = event_from_call(number, call)
        except BadMessage as error:
            raise _invalid(str(error)) from None
        if not framework_id:
            raise _invalid("Expecting 'framework_id' to be present")
        if framework_id not in reign.state.registry.frameworks:
            raise Refusal(400, "Framework cannot be found")
        if stream is None:
            raise Refusal(403, "Framework is not subscribed")
        self._check_stream(request, framework_id, number)
        if call.type == _Call.RECONCILE_OPERATIONS:
            accepted_type(request)  # As Mesos has it, though events answer.
        reign.submit(event)
        return web.Response(status=202)

    def _check_stream(self, request: web.Request, framework_id: str, number: StreamId) -> None:
        given = request.headers.get(STREAM_ID)
        if given is None:
            raise Refusal(400, f"All non-subscribe calls should include the '{STREAM_ID}' header")
        if given != self._ids.get(number):
            raise Refusal(
                400,
                f"The stream ID '{given[:80]}' included in this request didn't match the stream ID"
                f" currently associated with framework ID '{framework_id}'",
            )

    # The stream.

    async def _subscribe(
        self, request: web.Request, reign: Reign, call: scheduler_pb2.Call
    ) -> web.StreamResponse:
        if not call.HasField("subscribe"):
            raise _invalid("Expecting 'subscribe' to be present")
        if call.framework_id.value != call.subscribe.framework_info.id.value:
            raise _invalid("'framework_id' differs from 'subscribe.framework_info.id'")
        content_type = accepted_type(request)
        if STREAM_ID in request.headers:
            raise Refusal(400, f"Subscribe calls should not include the '{STREAM_ID}' header")
        number = StreamId(self._streams.new_number())
        stream_id = str(uuid.uuid4())
        response = web.StreamResponse(headers={"Content-Type": content_type, STREAM_ID: stream_id})
        await response.prepare(request)
        try:
            event = event_from_call(number, call)
        except BadMessage as error:
            # Heard as Mesos says it: over the stream that was asked for.
            await _write(response, error_event(str(error)), content_type)
            return response
        self._ids[number] = stream_id
        try:
            await self._tell(request, response, reign, number, event, content_type)
        finally:
            del self._ids[number]
            reign.submit(FrameworkDisconnected(number))
        return response

    async def _tell(
        self,
        request: web.Request,
        response: web.StreamResponse,
        reign: Reign,
        number: StreamId,
        subscribed: LeaderEvent,
        content_type: str,
    ) -> None:
        """Until either side has enough."""
        own_info = master_info(self._doorkeeper.directory)
        heartbeat_s = reign.state.settings.heartbeat_ms / 1000
        watching = asyncio.create_task(self._close_when_gone(request, number))
        try:
            batches = self._streams.listen(number)
            reign.submit(subscribed)
            async for batch in batches:
                for news in batch:
                    if not isinstance(news, CloseFrameworkStream):
                        event = event_from_news(news, heartbeat_s=heartbeat_s, master=own_info)
                        await _write(response, event, content_type)
                    elif news.error:
                        await _write(response, error_event(news.error), content_type)
        except ConnectionError:
            pass  # It has hung up.
        except SlowReader:
            log.warning("slow_reader_cut_off", peer=request.remote)
            if request.transport is not None:
                request.transport.abort()
        finally:
            watching.cancel()

    async def _close_when_gone(self, request: web.Request, number: StreamId) -> None:
        # aiohttp tells nobody.
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AFTER_S)
        self._streams.close(number)


def _invalid(fault: str) -> Refusal:
    return Refusal(400, f"Failed to validate scheduler::Call: {fault}")


async def _write(
    response: web.StreamResponse, event: scheduler_pb2.Event, content_type: str
) -> None:
    # One record is one chunk: some clients read no further than that.
    await response.write(to_record(encoded(event, content_type)))
