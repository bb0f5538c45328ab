"""The scheduler API of Mesos over HTTP: one stream of events a subscription, calls beside it.

What is checked, in which order and with which words, is as with Mesos: clients tell by it.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Final

import structlog
from aiohttp import web

from master.edge.authenticating import principal_speaking
from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.master_info import master_info
from master.edge.mesos.answering import refusals_answered
from master.edge.mesos.container_status import add_address
from master.edge.mesos.leading import reign_or_redirect
from master.edge.mesos.live_stream import LiveStream
from master.edge.mesos.paths import add_endpoint
from master.edge.operator_questions import LeadershipLost, OperatorQuestions
from master.edge.scheduler_codec import (
    FrameworkNews,
    error_event,
    event_from_call,
    event_from_news,
)
from master.edge.streams import SlowReader, Streams
from master.leader.effects import CloseFrameworkStream
from master.leader.events import (
    FrameworkDisconnected,
    FrameworkUpdateRequested,
    LeaderEvent,
    ReconciliationRequested,
)
from master.presence.frameworks import StreamId
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.mesos_http import Refusal, accepted_type, read_call
from trimast.edge.turns import Turns
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.ids import FrameworkId
from trimast.model.refusal import RefusalReason, Refused

log = structlog.get_logger()

PATH: Final = "/api/v1/scheduler"
STREAM_ID: Final = "Mesos-Stream-Id"
RECONCILED_AT_ONCE: Final = 1_000

_Call = scheduler_pb2.Call
_News = FrameworkNews | CloseFrameworkStream


class SchedulerApi:
    def __init__(
        self,
        doorkeeper: Doorkeeper,
        streams: Streams[_News],
        questions: OperatorQuestions,
        count: Callable[[str, str], None],
        turns: Turns,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._streams = streams
        self._questions = questions
        self._turns = turns
        self._count = count
        self._ids: dict[StreamId, str] = {}

    def mount(self, app: web.Application) -> None:
        add_endpoint(app, PATH, refusals_answered(self._handle))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        await self._turns.mine()
        reign = reign_or_redirect(self._doorkeeper, request)
        call = await read_call(request, scheduler_pb2.Call)
        if call.type == _Call.SUBSCRIBE:
            return await self._subscribe(request, reign, call)
        return await self._call(request, reign, call)

    # Calls.

    async def _call(
        self, request: web.Request, reign: Reign, call: scheduler_pb2.Call
    ) -> web.Response:
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
        known = reign.state.registry.frameworks[framework_id].info
        _check_principal(known.principal, _bad_request)
        if stream is None:
            raise Refusal(403, "Framework is not subscribed")
        self._check_stream(request, framework_id, number)
        if call.type == _Call.RECONCILE_OPERATIONS:
            accepted_type(request)  # As Mesos has it, though events answer.
        self._count("scheduler", _Call.Type.Name(call.type))
        if isinstance(event, FrameworkUpdateRequested):
            return await self._update(reign, event)
        if isinstance(event, ReconciliationRequested):
            await _submit_in_parts(reign, event)
        elif event is not None:
            reign.submit(event)
        return web.Response(status=202)

    async def _update(self, reign: Reign, event: FrameworkUpdateRequested) -> web.Response:
        try:
            answer = await self._questions.ask(reign, lambda n: replace(event, request=n))
        except LeadershipLost as lost:
            raise Refusal(503, str(lost)) from None
        if isinstance(answer.outcome, Refused):
            is_busy = answer.outcome.reason is RefusalReason.OVERLOADED
            raise Refusal(503 if is_busy else 400, answer.outcome.detail)
        return web.Response(status=200)

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
        _check_principal(call.subscribe.framework_info.principal, _invalid)
        content_type = accepted_type(request)
        if STREAM_ID in request.headers:
            raise Refusal(400, f"Subscribe calls should not include the '{STREAM_ID}' header")
        number = StreamId(self._streams.new_number())
        stream_id = str(uuid.uuid4())
        stream = LiveStream(
            request,
            content_type,
            self._turns,
            lambda: self._streams.close(number),
            {STREAM_ID: stream_id},
        )
        try:
            await stream.begin()
            await self._listen(stream, reign, number, stream_id, call)
        except ConnectionError:
            pass  # It has hung up.
        except SlowReader:
            log.warning("slow_reader_cut_off", peer=request.remote)
            stream.break_off()
        finally:
            stream.end()
        return stream.response

    async def _listen(
        self,
        stream: LiveStream,
        reign: Reign,
        number: StreamId,
        stream_id: str,
        call: scheduler_pb2.Call,
    ) -> None:
        try:
            event = event_from_call(number, call)
        except BadMessage as error:
            # Heard as Mesos says it: over the stream that was asked for.
            await stream.send(error_event(str(error)))
            return
        assert event is not None
        self._count("scheduler", "SUBSCRIBE")
        self._ids[number] = stream_id
        try:
            await self._tell(stream, reign, number, event)
        finally:
            del self._ids[number]
            reign.submit(FrameworkDisconnected(number))

    async def _tell(
        self, stream: LiveStream, reign: Reign, number: StreamId, subscribed: LeaderEvent
    ) -> None:
        """Until either side has enough.

        Raises:
            ConnectionError, SlowReader
        """
        own_info = master_info(self._doorkeeper.directory)
        heartbeat_s = reign.state.settings.heartbeat_ms / 1000
        async with aclosing(self._streams.listen(number)) as batches:
            reign.submit(subscribed)
            async for batch in batches:
                for news in batch:
                    if not isinstance(news, CloseFrameworkStream):
                        event = event_from_news(news, heartbeat_s=heartbeat_s, master=own_info)
                        add_address(event, reign.state.registry)
                        await stream.send(event)
                    elif news.error:
                        await stream.send(error_event(news.error))


async def _submit_in_parts(reign: Reign, asked: ReconciliationRequested) -> None:
    """Many answers take long to make: others have their turn in between."""
    reign.submit(replace(asked, tasks=asked.tasks[:RECONCILED_AT_ONCE]))
    for begin in range(RECONCILED_AT_ONCE, len(asked.tasks), RECONCILED_AT_ONCE):
        await asyncio.sleep(0)
        reign.submit(replace(asked, tasks=asked.tasks[begin : begin + RECONCILED_AT_ONCE]))


def _check_principal(claimed: str, refusal: Callable[[str], Refusal]) -> None:
    """A framework that has a principal is spoken for by nobody else."""
    principal = principal_speaking()
    if principal is not None and claimed and claimed != principal:
        raise refusal(
            f"Authenticated principal '{principal}' does not match principal '{claimed[:80]}'"
            " set in `FrameworkInfo`"
        )


def _bad_request(fault: str) -> Refusal:
    return Refusal(400, fault)


def _invalid(fault: str) -> Refusal:
    return Refusal(400, f"Failed to validate scheduler::Call: {fault}")
