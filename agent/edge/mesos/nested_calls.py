"""Calls of the agent's API about nested containers: launch, attach, wait, kill, remove."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from agent.edge.containerizer.beside import BesideFailed, BesideOrder
from agent.edge.mesos.asking import answering, record_type_of_request
from agent.edge.mesos.nested import Name, Nested, NestedContainers, TooMany
from agent.edge.mesos.nested_streams import LOOK_AFTER_S, calls_of, stream_output, take_input
from agent.edge.mesos.parents import Parents
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Refusal, encoded
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.command_codec import command_from_proto
from trimast.model.ids import fault_of_id

NO_SWITCHBOARD: Final = "I/O switchboard server was disabled for this container"
"""Clients know by these words that a task has no terminal to attach to."""
ID_CHARS_MAX: Final = 242
FIRST_RECORD_TIMEOUT_S: Final = 10.0
_Call = agent_pb2.Call
_Input = agent_pb2.Call.AttachContainerInput
_KNOWN_OF_CONTAINER: Final = {"type", "tty_info"}

_Handler = Callable[[web.Request, agent_pb2.Call], Awaitable[web.StreamResponse]]


class NestedCalls:
    """
    Args:
        is_allowed: else every call is refused.
    """

    def __init__(self, nested: NestedContainers, parents: Parents, *, is_allowed: bool) -> None:
        self._nested = nested
        self._parents = parents
        self._is_allowed = is_allowed
        self.handlers: Final[dict[int, _Handler]] = {
            _Call.LAUNCH_NESTED_CONTAINER: self._launch,
            _Call.LAUNCH_CONTAINER: self._launch,
            _Call.LAUNCH_NESTED_CONTAINER_SESSION: self._launch_session,
            _Call.ATTACH_CONTAINER_OUTPUT: self._attach_output,
            _Call.WAIT_NESTED_CONTAINER: self._wait,
            _Call.WAIT_CONTAINER: self._wait,
            _Call.KILL_NESTED_CONTAINER: self._kill,
            _Call.KILL_CONTAINER: self._kill,
            _Call.REMOVE_NESTED_CONTAINER: self._remove,
            _Call.REMOVE_CONTAINER: self._remove,
        }

    def check(self, request: web.Request) -> None:
        """Raises Refusal."""
        if not self._is_allowed:
            text = "This agent runs no commands beside tasks; see its --allow-exec"
            raise Refusal(403, text)
        if "Origin" in request.headers:
            raise Refusal(403, "No page of a browser may do that")

    async def attach_input(self, request: web.Request) -> web.StreamResponse:
        """The one call that is a stream itself. Raises Refusal."""
        record_type = record_type_of_request(request)
        answering(request, is_stream=False)
        self.check(request)
        calls = calls_of(request, record_type)
        try:
            async with asyncio.timeout(FIRST_RECORD_TIMEOUT_S):
                first = await anext(calls, None)
        except TimeoutError:
            raise Refusal(408, "The first record did not come in time") from None
        if first is None:
            raise Refusal(400, "Received EOF while reading request body")
        if (
            first.type != _Call.ATTACH_CONTAINER_INPUT
            or first.attach_container_input.type != _Input.CONTAINER_ID
        ):
            raise Refusal(400, "Expecting the first record to name a container")
        nested = self._attachable(first.attach_container_input.container_id)
        if nested.ended.done():
            raise Refusal(500, "The container has ended")
        await take_input(request, nested, calls)
        response = web.Response(status=200)
        if not request.content.at_eof():
            response.force_close()  # What still comes is for nobody.
        return response

    # Launching.

    async def _launch(self, request: web.Request, call: agent_pb2.Call) -> web.StreamResponse:
        body = _body_of(call)
        name = _name_of(body.container_id)
        if self._nested.is_taken(name):
            return web.Response(status=202)
        self._nested.attend(await self._begin(name, body))
        return web.Response(status=200)

    async def _launch_session(
        self, request: web.Request, call: agent_pb2.Call
    ) -> web.StreamResponse:
        body = call.launch_nested_container_session
        answer = answering(request, is_stream=True)
        name = _name_of(body.container_id)
        if self._nested.is_taken(name):
            raise Refusal(400, f"Container '{name[1]}' has been launched already")
        nested = await self._begin(name, body)
        try:
            response, telling = await stream_output(request, nested, answer)
            self._nested.attend(nested)
            await telling
            return response
        finally:
            # Whoever has hung up, or never was there to be told, wants no more of it.
            self._nested.attend(nested)
            self._nested.kill(nested, signal.SIGKILL)

    async def _begin(self, name: Name, body: Any) -> Nested:
        """Raises Refusal."""
        parent = self._parents.find(name[0])
        if not body.HasField("command"):
            raise Refusal(400, "Expecting 'command' to be present")
        try:
            command = command_from_proto(body.command, "Nested container")
        except BadMessage as error:
            raise Refusal(400, str(error)) from None
        order = _with_terminal(self._parents.order(parent, command), body.container)
        try:
            return await self._nested.launch(name, order)
        except TooMany as error:
            raise Refusal(503, str(error)) from None
        except BesideFailed as failure:
            raise Refusal(500, f"{order.program} cannot be run: {failure}") from None

    # What there is.

    async def _attach_output(
        self, request: web.Request, call: agent_pb2.Call
    ) -> web.StreamResponse:
        answer = answering(request, is_stream=True)
        nested = self._attachable(call.attach_container_output.container_id)
        response, telling = await stream_output(request, nested, answer)
        await telling
        return response

    async def _wait(self, request: web.Request, call: agent_pb2.Call) -> web.StreamResponse:
        answer = answering(request, is_stream=False)
        nested = self._find(_body_of(call).container_id)
        while not nested.ended.done():
            if request.transport is None or request.transport.is_closing():
                raise Refusal(500, "Nobody waits any more")
            await asyncio.wait([nested.ended], timeout=LOOK_AFTER_S)
        message = agent_pb2.Response()
        if call.type == _Call.WAIT_CONTAINER:
            message.type = agent_pb2.Response.WAIT_CONTAINER
            message.wait_container.exit_status = nested.ended.result()
        else:
            message.type = agent_pb2.Response.WAIT_NESTED_CONTAINER
            message.wait_nested_container.exit_status = nested.ended.result()
        return web.Response(
            body=encoded(message, answer.content_type),
            headers={"Content-Type": answer.content_type},
        )

    async def _kill(self, request: web.Request, call: agent_pb2.Call) -> web.StreamResponse:
        body = _body_of(call)
        number = body.signal if body.HasField("signal") else signal.SIGKILL
        if number not in set(signal.Signals):
            raise Refusal(400, f"There is no signal {number}")
        self._nested.kill(self._find(body.container_id), number)
        return web.Response(status=200)

    async def _remove(self, request: web.Request, call: agent_pb2.Call) -> web.StreamResponse:
        nested = self._find(_body_of(call).container_id)
        if not nested.ended.done():
            raise Refusal(500, "The container has not ended yet")
        self._nested.remove(nested)
        return web.Response(status=200)

    def _find(self, container_id: mesos_pb2.ContainerID) -> Nested:
        name = _name_of(container_id)
        nested = self._nested.find(name)
        if nested is None:
            raise Refusal(404, f"Container '{name[0]}.{name[1]}' cannot be found")
        return nested

    def _attachable(self, container_id: mesos_pb2.ContainerID) -> Nested:
        if container_id.HasField("parent"):
            return self._find(container_id)
        self._parents.find(container_id.value)
        raise Refusal(500, NO_SWITCHBOARD)  # Tasks read nothing, and write to files.


def _body_of(call: agent_pb2.Call) -> Any:
    return getattr(call, agent_pb2.Call.Type.Name(call.type).lower())


def _name_of(container_id: mesos_pb2.ContainerID) -> Name:
    """Raises Refusal."""
    if not container_id.HasField("parent"):
        raise Refusal(400, "Expecting 'container_id.parent' to be present")
    if container_id.parent.HasField("parent"):
        raise Refusal(400, "Nested containers have no containers of their own here")
    fault = fault_of_id(container_id.value)
    if fault is None and len(container_id.value) > ID_CHARS_MAX:
        fault = f"it has more than {ID_CHARS_MAX} characters"
    if fault is not None:
        raise Refusal(400, f"'container_id.value' is invalid: {fault}")
    return container_id.parent.value, container_id.value


def _with_terminal(order: BesideOrder, container: mesos_pb2.ContainerInfo) -> BesideOrder:
    """Raises Refusal."""
    for field, _ in container.ListFields():
        if field.name not in _KNOWN_OF_CONTAINER:
            raise Refusal(400, f"Nested container uses {field.name}, which is not supported")
    if not container.HasField("tty_info"):
        return order
    size = container.tty_info.window_size
    has_size = container.tty_info.HasField("window_size")
    return replace(
        order,
        has_terminal=True,
        terminal_size=(size.rows, size.columns) if has_size else None,
    )
