"""The executor API of Mesos, over HTTP: what executors of frameworks speak to their agent."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final

from aiohttp import web

from agent.edge.executors.executor_codec import (
    check_call,
    event_from_news,
    key_of,
    reported,
    said,
    subscribed,
)
from agent.edge.executors.executor_streams import ExecutorStream, ExecutorStreams
from agent.events import AgentEvent
from agent.executors.events import ExecutorUnsubscribed
from agent.executors.executor import Executor
from agent.state import AgentState
from protos.mesos.v1.executor import executor_pb2
from trimast.edge.clock import wall_ms
from trimast.edge.mesos_http import JSON, Refusal, accepted_type, encoded, read_call
from trimast.edge.recordio import to_record
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.missing_fields import missing_fields

PATHS: Final = ("/api/v1/executor", "/slave(1)/api/v1/executor")
HEARTBEAT_S: Final = 30 * 60.0
LOOK_AFTER_S: Final = 1.0
"""How soon it is noticed that an executor to which nothing is said has hung up."""

_Call = executor_pb2.Call


class ExecutorApi:
    """
    Args:
        needs_token: an executor that names no token is refused; one that names a wrong one is in
            any case.
    """

    def __init__(
        self,
        state: AgentState,
        streams: ExecutorStreams,
        submit: Callable[[AgentEvent], None],
        *,
        needs_token: bool,
    ) -> None:
        self._state = state
        self._streams = streams
        self._submit = submit
        self._needs_token = needs_token

    def mount(self, app: web.Application) -> None:
        for path in PATHS:
            app.router.add_route("*", path, self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return refusal.as_response()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """What is checked, and in which order, is as with Mesos: clients tell by the answer."""
        if not self._state.endpoint:
            raise Refusal(503, "Agent has not finished recovery")
        call = await _call_of(request)
        accepted = accepted_type(request) if call.type == _Call.SUBSCRIBE else JSON
        if call.type == _Call.HEARTBEAT:
            return web.Response(status=202)
        executor = self._executor_of(request, call)
        if call.type == _Call.SUBSCRIBE:
            return await self._stream(request, call, accepted)
        if executor.stream_id is None:
            raise Refusal(403, "Executor is not subscribed")
        self._submit(said(call) if call.type == _Call.MESSAGE else reported(call, wall_ms()))
        return web.Response(status=202)

    def _executor_of(self, request: web.Request, call: executor_pb2.Call) -> Executor:
        key = key_of(call)
        if all(held.framework_id != key.framework_id for held in self._state.executors):
            raise Refusal(400, "Framework cannot be found")
        executor = self._state.executors.get(key)
        if executor is None:
            raise Refusal(400, "Executor cannot be found")
        given = request.headers.get("Authorization")
        if given is None and not self._needs_token:
            return executor
        expected = f"Bearer {executor.notes.token}"
        if given is None or not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refusal(
                403,
                f"The token does not belong to executor {call.executor_id.value}: send the one "
                "in MESOS_EXECUTOR_AUTHENTICATION_TOKEN, as 'Authorization: Bearer'",
            )
        return executor

    async def _stream(
        self, request: web.Request, call: executor_pb2.Call, content_type: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        stream_id, stream = self._streams.open(
            lambda number: self._submit(subscribed(call, number, wall_ms()))
        )
        try:
            await self._tell_all(request, response, stream, content_type)
        except ConnectionError:
            pass  # It has hung up.
        finally:
            self._streams.drop(stream_id)
            self._submit(ExecutorUnsubscribed(key_of(call), stream_id))
        return response

    async def _tell_all(
        self,
        request: web.Request,
        response: web.StreamResponse,
        stream: ExecutorStream,
        content_type: str,
    ) -> None:
        """Until the stream is closed, or the executor hangs up."""
        loop = asyncio.get_running_loop()
        heartbeat_due = loop.time() + HEARTBEAT_S
        while request.transport is not None and not request.transport.is_closing():
            try:
                news = await stream.take(LOOK_AFTER_S)
            except TimeoutError:
                if loop.time() < heartbeat_due:
                    continue
                heartbeat_due = loop.time() + HEARTBEAT_S
                event = executor_pb2.Event(type=executor_pb2.Event.HEARTBEAT)
            else:
                if news is None:
                    return
                event = event_from_news(news, self._state)
            # One record is one chunk: some clients read no further than that.
            await response.write(to_record(encoded(event, content_type)))


async def _call_of(request: web.Request) -> executor_pb2.Call:
    call = await read_call(request, executor_pb2.Call)
    missing = missing_fields(call)
    try:
        if missing:
            raise BadMessage(f"Not initialized: {missing}")
        check_call(call)
    except BadMessage as error:
        raise Refusal(400, f"Failed to validate executor::Call: {error}") from None
    return call
