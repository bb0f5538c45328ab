"""What operators order is done, or they are told why not."""

import asyncio
from collections.abc import Callable

import pytest
import structlog
from aiohttp.test_utils import make_mocked_request

from master.edge.leadership import Reign
from master.edge.mesos.operator_orders import OperatorOrders, note_order
from master.edge.operator_questions import OperatorQuestions
from master.leader.effects import AnswerOperator
from master.leader.events import LeaderEvent, OperatorAsked
from master.registry.commands import RemoveFramework
from master.registry.outcome import APPLIED, Outcome, refused
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal
from trimast.model.ids import FrameworkId
from trimast.model.refusal import RefusalReason


def ordered(outcome: Outcome | None) -> int:
    """The status of a TEARDOWN of which this becomes; None: leadership is lost before that."""
    questions = OperatorQuestions()

    def submit(event: LeaderEvent) -> None:
        assert isinstance(event, OperatorAsked)
        assert event.decision == RemoveFramework(FrameworkId("f"), None)
        if outcome is None:
            questions.give_up()
        else:
            questions.answer(AnswerOperator(event.request, outcome, 1))

    call = master_pb2.Call(type=master_pb2.Call.TEARDOWN)
    call.teardown.framework_id.value = "f"
    response = asyncio.run(OperatorOrders(questions).carry_out(reign_of(submit), call))
    assert (response.body, "Content-Type" in response.headers) == (None, False)
    return response.status


def reign_of(submit: Callable[[LeaderEvent], None]) -> Reign:
    return Reign(None, None, submit, began_at_ms=0)  # type: ignore[arg-type]


def test_what_is_done_is_answered_so() -> None:
    assert ordered(APPLIED) == 200


@pytest.mark.parametrize(
    ("outcome", "status", "text"),
    [
        (refused(RefusalReason.FRAMEWORK_UNKNOWN, "f"), 400, "No framework found"),
        (refused(RefusalReason.OVERLOADED, "too busy"), 503, "too busy"),
        (None, 503, "leadership was lost"),
    ],
)
def test_what_is_not_done_is_said_and_why(outcome: Outcome | None, status: int, text: str) -> None:
    with pytest.raises(Refusal, match=text) as refusal:
        ordered(outcome)
    assert refusal.value.status == status


def test_who_orders_what_is_in_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        note_order(make_mocked_request("POST", "/api/v1"), "TEARDOWN")
    [line] = lines
    assert (line["event"], line["order"], line["principal"]) == ("operator_orders", "TEARDOWN", "")
