"""What operators may order over the API of Mesos."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog
from aiohttp import web

from master.edge.authenticating import principal_speaking
from master.edge.leadership import Reign
from master.edge.operator_questions import LeadershipLost, OperatorQuestions
from master.leader.events import ConversionAsked, LeaderEvent, OperatorAsked
from master.registry.commands import RemoveFramework
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import resources_from_proto
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.operation import Operation, OperationKind
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resource_kind import kinds_in

log = structlog.get_logger()

_Call = master_pb2.Call
_KINDS: Final[Mapping[int, OperationKind]] = {
    _Call.RESERVE_RESOURCES: OperationKind.RESERVE,
    _Call.UNRESERVE_RESOURCES: OperationKind.UNRESERVE,
    _Call.CREATE_VOLUMES: OperationKind.CREATE,
    _Call.DESTROY_VOLUMES: OperationKind.DESTROY,
}
ORDERS: Final = frozenset({_Call.TEARDOWN, *_KINDS})
_STATUS: Final = {
    RefusalReason.AGENT_GONE: 400,
    RefusalReason.AGENT_UNKNOWN: 400,
    RefusalReason.FRAMEWORK_UNKNOWN: 400,
    RefusalReason.INVALID: 400,
    RefusalReason.NOT_ENOUGH_RESOURCES: 409,
}
"""Anything else may be tried again: 503."""
UNKNOWN_FRAMEWORK: Final = "No framework found with specified ID"
UNKNOWN_AGENT: Final = "No agent found with specified ID"
_TEXTS: Final = {
    RefusalReason.AGENT_UNKNOWN: UNKNOWN_AGENT,
    RefusalReason.FRAMEWORK_UNKNOWN: UNKNOWN_FRAMEWORK,
}


def note_order(request: web.Request, order: str) -> None:
    """Who has asked for it, before it is carried out."""
    log.info(
        "operator_orders", order=order, peer=request.remote, principal=principal_speaking() or ""
    )


class OperatorOrders:
    def __init__(self, questions: OperatorQuestions) -> None:
        self._questions = questions

    async def carry_out(self, reign: Reign, call: master_pb2.Call) -> web.Response:
        """
        Raises:
            Refusal: it was not done; the text says why.
        """
        if call.type == _Call.TEARDOWN:
            await self.tear_down(reign, call.teardown.framework_id.value)
            return web.Response(status=200)
        agent_id, operation = _operation(call)
        await self._ask(reign, lambda number: ConversionAsked(number, agent_id, operation))
        return web.Response(status=202)

    async def tear_down(self, reign: Reign, framework_id: str) -> None:
        """As above."""
        decision = RemoveFramework(FrameworkId(framework_id), None)
        await self._ask(reign, lambda number: OperatorAsked(number, decision))

    async def _ask(self, reign: Reign, event: Callable[[int], LeaderEvent]) -> None:
        try:
            answer = await self._questions.ask(reign, event)
        except LeadershipLost as lost:
            raise Refusal(503, str(lost)) from None
        if isinstance(answer.outcome, Refused):
            reason, detail = answer.outcome.reason, answer.outcome.detail
            text = _TEXTS.get(reason, f"{reason}: {detail}")
            raise Refusal(_STATUS.get(reason, 503), text)


def _operation(call: master_pb2.Call) -> tuple[AgentId, Operation]:
    """Raises Refusal."""
    kind = _KINDS[call.type]
    agent, resources = _agent_and_resources(call)
    try:
        operation = Operation(kind, resources_from_proto(resources))
    except BadMessage as error:
        raise Refusal(400, f"Invalid {kind.name} operation: {error}") from None
    principal = principal_speaking()
    if kind is OperationKind.RESERVE and principal is not None:
        _check_principal(operation, principal)
    return AgentId(agent.value), operation


def _agent_and_resources(
    call: master_pb2.Call,
) -> tuple[mesos_pb2.AgentID, Iterable[mesos_pb2.Resource]]:
    if call.type == _Call.RESERVE_RESOURCES:
        return call.reserve_resources.agent_id, call.reserve_resources.resources
    if call.type == _Call.UNRESERVE_RESOURCES:
        return call.unreserve_resources.agent_id, call.unreserve_resources.resources
    if call.type == _Call.CREATE_VOLUMES:
        return call.create_volumes.agent_id, call.create_volumes.volumes
    return call.destroy_volumes.agent_id, call.destroy_volumes.volumes


def _check_principal(operation: Operation, principal: str) -> None:
    """What is reserved is reserved in one's own name."""
    for kind in kinds_in(operation.resources):
        if kind.principal != principal:
            raise Refusal(
                400,
                f"Invalid RESERVE operation: it is made by principal '{principal}', and reserves"
                f" in the name of '{kind.principal}'",
            )
