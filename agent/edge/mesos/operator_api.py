"""The operators' API of an agent: `POST /api/v1`, also below `/slave(1)`.

What is checked, in which order and with which words, is as with Mesos: clients tell by it.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from aiohttp import web

from agent.edge.containerizer.usage import TaskUsage
from agent.edge.mesos.asking import MESSAGE_TYPE, RECORDIO, answering
from agent.edge.mesos.file_calls import FileCalls
from agent.edge.mesos.nested import Nested, NestedContainers
from agent.edge.mesos.nested_calls import NestedCalls
from agent.edge.mesos.pictures import (
    fill_agent,
    fill_containers,
    fill_executors,
    fill_frameworks,
    fill_state,
    fill_tasks,
)
from agent.edge.mesos.snapshot import MetricsSnapshot
from agent.edge.mesos.version import MESOS_VERSION
from agent.state import AgentState
from agent.tasks import TaskKey
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Refusal, Steps, encoded, in_slices, read_call
from trimast.edge.page_answers import whole_answer
from trimast.edge.rendering import Renderer
from trimast.edge.wire.missing_fields import missing_fields

PATHS: Final = ("/api/v1", "/slave(1)/api/v1")

_Call = agent_pb2.Call
_Response = agent_pb2.Response
_WITHOUT_BODY: Final = {
    _Call.GET_HEALTH,
    _Call.GET_FLAGS,
    _Call.GET_VERSION,
    _Call.GET_METRICS,
    _Call.GET_STATE,
    _Call.GET_CONTAINERS,
    _Call.GET_FRAMEWORKS,
    _Call.GET_EXECUTORS,
    _Call.GET_OPERATIONS,
    _Call.GET_TASKS,
    _Call.GET_AGENT,
}
_LISTINGS: Final = {
    _Call.GET_STATE,
    _Call.GET_TASKS,
    _Call.GET_EXECUTORS,
    _Call.GET_FRAMEWORKS,
    _Call.GET_CONTAINERS,
}
"""What tells of all tasks, and is made in slices."""
Usage = Mapping[tuple[TaskKey, int], TaskUsage]


class OperatorApi:
    """
    Args:
        flags: the settings, by name.
    """

    def __init__(
        self,
        state: AgentState,
        *,
        flags: Mapping[str, str],
        metrics: MetricsSnapshot,
        renderer: Renderer,
        usage: Callable[[], Awaitable[Usage]],
        files: FileCalls,
        nested: NestedContainers,
        nested_calls: NestedCalls,
    ) -> None:
        self._state = state
        self._flags = flags
        self._metrics = metrics
        self._renderer = renderer
        self._usage = usage
        self._files = files
        self._nested = nested
        self._nested_calls = nested_calls

    def mount(self, app: web.Application) -> None:
        for path in PATHS:
            for ending in ("", "/"):
                app.router.add_route("*", path + ending, self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            if not self._state.endpoint:
                raise Refusal(503, "Agent has not finished recovery")
            if request.method == "POST" and request.headers.get("Content-Type") == RECORDIO:
                return await self._nested_calls.attach_input(request)
            return await self._answer(request, await _call_of(request))
        except Refusal as refusal:
            return refusal.as_response()

    async def _answer(self, request: web.Request, call: agent_pb2.Call) -> web.StreamResponse:
        handler = self._nested_calls.handlers.get(call.type)
        if handler is not None:
            self._nested_calls.check(request)
            return await handler(request, call)
        if call.type == _Call.ATTACH_CONTAINER_INPUT:
            raise Refusal(415, f"Expecting 'Content-Type' of {RECORDIO} for a streaming call")
        content_type = answering(request, is_stream=False).content_type
        if call.type in _LISTINGS:
            body = await self._listing(call, content_type)
        else:
            message = response_to(call.type)
            await self._fill(call, message)
            body = encoded(message, content_type)
        return await whole_answer(request, body, {"Content-Type": content_type})

    async def _listing(self, call: agent_pb2.Call, content_type: str) -> bytes:
        """Raises Refusal."""
        containers = call.type == _Call.GET_CONTAINERS
        usage = await self._usage() if containers else {}
        shows_nested = call.get_containers.show_nested

        def begin() -> Iterator[bytes]:
            message = response_to(call.type)
            steps = self._steps(call.type, message, usage, shows_nested)
            return in_slices(message, steps, content_type)

        # Who was given other figures gets another listing.
        figures = id(usage) if containers else None
        key = (call.type, content_type, shows_nested, figures)
        return await self._renderer.render(key, begin)

    def _steps(
        self,
        call_type: "_Call.Type.ValueType",
        message: agent_pb2.Response,
        usage: Usage,
        shows_nested: bool,
    ) -> Steps:
        state = self._state
        match call_type:
            case _Call.GET_STATE:
                return fill_state(state, message.get_state)
            case _Call.GET_TASKS:
                return fill_tasks(state, message.get_tasks)
            case _Call.GET_EXECUTORS:
                return fill_executors(state, message.get_executors)
            case _Call.GET_FRAMEWORKS:
                return fill_frameworks(state, message.get_frameworks)
            case _:
                within = self._nested.within if shows_nested else _none_within
                return fill_containers(state, usage, message.get_containers, within)

    async def _fill(self, call: agent_pb2.Call, message: agent_pb2.Response) -> None:
        """Raises Refusal."""
        match call.type:
            case _Call.GET_HEALTH:
                message.get_health.healthy = True
            case _Call.GET_VERSION:
                message.get_version.version_info.version = MESOS_VERSION
            case _Call.GET_FLAGS:
                for flag, value in self._flags.items():
                    message.get_flags.flags.add(name=flag, value=value)
            case _Call.GET_METRICS:
                for metric, number in self._metrics.take().items():
                    message.get_metrics.metrics.add(name=metric, value=number)
            case _Call.GET_AGENT:
                fill_agent(self._state, message.get_agent)
            case _Call.GET_OPERATIONS:
                pass  # The masters do them all.
            case _Call.LIST_FILES:
                await self._files.list(call.list_files, message.list_files)
            case _Call.READ_FILE:
                await self._files.read(call.read_file, message.read_file)
            case _:
                raise _not_supported(call.type)


def response_to(call_type: "_Call.Type.ValueType") -> agent_pb2.Response:
    """Empty, but for what it answers. Types have other numbers in answers than in calls.

    Raises Refusal: nothing answers it.
    """
    name = _Call.Type.Name(call_type)
    if name.lower() not in _Response.DESCRIPTOR.fields_by_name:
        raise _not_supported(call_type)
    response = _Response(type=_Response.Type.Value(name))
    getattr(response, name.lower()).SetInParent()
    return response


def _none_within(_parent: str) -> tuple[Nested, ...]:
    return ()


def _not_supported(call_type: "_Call.Type.ValueType") -> Refusal:
    return Refusal(501, f"{_Call.Type.Name(call_type)} calls are not supported")


async def _call_of(request: web.Request) -> agent_pb2.Call:
    """Raises Refusal."""
    call = await read_call(request, agent_pb2.Call)
    if MESSAGE_TYPE in request.headers:
        raise Refusal(415, f"Expecting '{MESSAGE_TYPE}' not to be set for a call that is no stream")
    if not call.HasField("type"):
        raise _invalid("Expecting 'type' to be present")
    body = _Call.Type.Name(call.type).lower()
    present = {field.name for field, _ in call.ListFields()}
    if call.type not in _WITHOUT_BODY and body in _BODIES and body not in present:
        raise _invalid(f"Expecting '{body}' to be present")
    if not call.IsInitialized():
        raise _invalid(f"Not initialized: {missing_fields(call)}")
    return call


_BODIES: Final = frozenset(field.name for field in _Call.DESCRIPTOR.fields) - {"type"}


def _invalid(fault: str) -> Refusal:
    return Refusal(400, f"Failed to validate agent::Call: {fault}")
