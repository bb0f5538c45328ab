"""What operators may order over the API of Mesos."""

from typing import Final

import structlog
from aiohttp import web

from master.edge.authenticating import principal_speaking
from master.edge.leadership import Reign
from master.edge.operator_questions import LeadershipLost, OperatorQuestions
from master.leader.events import OperatorAsked
from master.registry.commands import RemoveFramework
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal
from trimast.model.ids import FrameworkId
from trimast.model.refusal import RefusalReason, Refused

log = structlog.get_logger()

_Call = master_pb2.Call

ORDERS: Final = frozenset({_Call.TEARDOWN})
UNKNOWN_FRAMEWORK: Final = "No framework found with specified ID"


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
        assert call.type == _Call.TEARDOWN
        await self.tear_down(reign, call.teardown.framework_id.value)
        return web.Response(status=200)

    async def tear_down(self, reign: Reign, framework_id: str) -> None:
        """As above."""
        decision = RemoveFramework(FrameworkId(framework_id), None)
        try:
            answer = await self._questions.ask(
                reign, lambda number: OperatorAsked(number, decision)
            )
        except LeadershipLost as lost:
            raise Refusal(503, str(lost)) from None
        if not isinstance(answer.outcome, Refused):
            return
        if answer.outcome.reason is RefusalReason.FRAMEWORK_UNKNOWN:
            raise Refusal(400, UNKNOWN_FRAMEWORK)
        raise Refusal(503, f"{answer.outcome.reason}: {answer.outcome.detail}")
