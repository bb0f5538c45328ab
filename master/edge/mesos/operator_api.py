"""The operators' API of Mesos over HTTP: one call, one answer; or a stream of what changes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.mesos.about_answers import OF_THE_MASTER, MasterAnswers
from master.edge.mesos.answering import refusals_answered
from master.edge.mesos.leading import NO_LEADER, confirmed_reign, reign_or_redirect
from master.edge.mesos.operator_answers import OF_THE_CLUSTER, response_to
from master.edge.mesos.operator_orders import ORDERS, OperatorOrders, note_order
from master.edge.mesos.operator_stream import OperatorStream
from master.edge.mesos.paths import PREFIXES
from master.views.picture import take_picture
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal, accepted_type, encoded, in_slices, read_call
from trimast.edge.page_answers import whole_answer
from trimast.edge.rendering import Renderer
from trimast.edge.wire.missing_fields import missing_fields

_Call = master_pb2.Call

BODIES: Final[Mapping[int, str]] = {
    number: name.lower()
    for name, number in _Call.Type.items()
    if name.lower() in _Call.DESCRIPTOR.fields_by_name and number != _Call.GET_METRICS
}
"""What a call cannot be without."""
BUILT: Final = frozenset({_Call.SUBSCRIBE, *OF_THE_CLUSTER, *OF_THE_MASTER, *ORDERS})


class OperatorApi:
    def __init__(
        self,
        doorkeeper: Doorkeeper,
        renderer: Renderer,
        answers: MasterAnswers,
        stream: OperatorStream,
        orders: OperatorOrders,
        count: Callable[[str, str], None],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._renderer = renderer
        self._answers = answers
        self._stream = stream
        self._orders = orders
        self._count = count

    def mount(self, app: web.Application) -> None:
        handler = refusals_answered(self._handle)
        for prefix in PREFIXES:
            app.router.add_route("*", f"{prefix}/api/v1", handler)
            app.router.add_route("*", f"{prefix}/api/v1/{{rest:.*}}", handler)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        reign = reign_or_redirect(self._doorkeeper, request)
        call = await read_call(request, _Call)
        check(call)
        self._count("operator", _Call.Type.Name(call.type))
        if call.type in ORDERS:
            note_order(request, _Call.Type.Name(call.type))
            return await self._orders.carry_out(reign, call)
        content_type = accepted_type(request)
        if call.type == _Call.SUBSCRIBE:
            reign = await confirmed_reign(self._doorkeeper, request)
            return await self._stream.serve(request, reign, content_type)
        if call.type in OF_THE_CLUSTER:
            body = await self._listing(request, call.type, content_type)
        else:
            body = encoded(self._answers.answer(reign, call.type), content_type)
        return await whole_answer(request, body, {"Content-Type": content_type})

    async def _listing(
        self, request: web.Request, call_type: "_Call.Type.ValueType", content_type: str
    ) -> bytes:
        reign = await confirmed_reign(self._doorkeeper, request)

        def begin() -> Iterator[bytes]:
            # When it is its turn: who else asks meanwhile wants what is true then.
            if self._doorkeeper.leadership.reign is not reign:
                raise Refusal(503, NO_LEADER)
            response = response_to(call_type)
            steps = OF_THE_CLUSTER[call_type](response, take_picture(reign.state))
            return in_slices(response, steps, content_type)

        return await self._renderer.render((call_type, content_type), begin)


def check(call: _Call) -> None:
    """
    Raises:
        Refusal: it lacks something, or asks for what is not there.
    """
    if not call.HasField("type"):
        raise _invalid("Expecting 'type' to be present")
    body = BODIES.get(call.type)
    if body is not None and not call.HasField(body):  # type: ignore[arg-type]
        raise _invalid(f"Expecting '{body}' to be present")
    if not call.IsInitialized():
        raise _invalid(f"Not initialized: {missing_fields(call)}")
    if call.type not in BUILT:
        raise Refusal(501, f"{_Call.Type.Name(call.type)} calls are not supported yet")


def _invalid(fault: str) -> Refusal:
    return Refusal(400, f"Failed to validate master::Call: {fault}")
