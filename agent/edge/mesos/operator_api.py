"""The operators' API of an agent: `POST /api/v1`, also below `/slave(1)`.

What is checked, in which order and with which words, is as with Mesos: clients tell by it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from agent.container_names import container_id
from agent.edge.containerizer.usage import TaskUsage
from agent.edge.mesos.asking import MESSAGE_TYPE, RECORDIO, answering
from agent.edge.mesos.file_calls import FileCalls
from agent.edge.mesos.holdings import holdings
from agent.edge.mesos.nested import NestedContainers
from agent.edge.mesos.nested_calls import NestedCalls
from agent.edge.mesos.pictures import (
    fill_agent,
    fill_container,
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
from trimast.edge.mesos_http import Refusal, encoded, read_call
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
_Fill = Callable[[agent_pb2.Call, agent_pb2.Response], Awaitable[None]]
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
        usage: Callable[[], Awaitable[Usage]],
        files: FileCalls,
        nested: NestedContainers,
        nested_calls: NestedCalls,
    ) -> None:
        self._state = state
        self._flags = flags
        self._metrics = metrics
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
        answer = answering(request, is_stream=False)
        message = agent_pb2.Response()
        await self._fill(call, message)
        return web.Response(
            body=encoded(message, answer.content_type),
            headers={"Content-Type": answer.content_type},
        )

    async def _fill(self, call: agent_pb2.Call, message: agent_pb2.Response) -> None:
        """Raises Refusal."""
        name = _Call.Type.Name(call.type)
        if name not in _Response.Type.keys():  # noqa: SIM118
            raise Refusal(501, f"{name} calls are not supported")
        message.type = _Response.Type.Value(name)
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
            case _Call.GET_STATE:
                fill_state(self._state, message.get_state)
            case _Call.GET_TASKS:
                message.get_tasks.SetInParent()
                fill_tasks(self._state, message.get_tasks)
            case _Call.GET_EXECUTORS:
                message.get_executors.SetInParent()
                fill_executors(self._state, message.get_executors)
            case _Call.GET_FRAMEWORKS:
                message.get_frameworks.SetInParent()
                fill_frameworks(self._state, message.get_frameworks)
            case _Call.GET_AGENT:
                fill_agent(self._state, message.get_agent)
            case _Call.GET_OPERATIONS:
                message.get_operations.SetInParent()  # The masters do them all.
            case _Call.GET_CONTAINERS:
                shows_nested = call.get_containers.show_nested
                await self._fill_containers(message.get_containers, shows_nested)
            case _Call.LIST_FILES:
                await self._files.list(call.list_files, message.list_files)
            case _Call.READ_FILE:
                await self._files.read(call.read_file, message.read_file)
            case _:
                raise Refusal(501, f"{name} calls are not supported")

    async def _fill_containers(
        self, message: agent_pb2.Response.GetContainers, shows_nested: bool
    ) -> None:
        message.SetInParent()
        usage = await self._usage()
        for holding in holdings(self._state):
            if not holding.pid:
                continue
            fill_container(self._state, holding, usage, message.containers.add())
            if not shows_nested:
                continue
            parent = container_id(holding.key, holding.fence)
            for nested in self._nested.within(parent):
                container = message.containers.add()
                container.container_id.value = nested.name[1]
                container.container_id.parent.value = parent
                container.container_status.executor_pid = nested.process.pid


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
