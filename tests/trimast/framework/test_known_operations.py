"""Each operation ends once for its scheduler."""

from dataclasses import replace

from trimast.framework.known_operations import KnownOperations, dropped
from trimast.framework.reserving import reserve, tracked
from trimast.model.ids import AgentId, FrameworkId, OperationId
from trimast.model.operation_update import OperationState, OperationUpdate

FRAMEWORK, AGENT, OPERATION = FrameworkId("f"), AgentId("a"), OperationId("op-1")
FINISHED = OperationUpdate(FRAMEWORK, OPERATION, AGENT, OperationState.FINISHED, uuid=b"u" * 16)
ANSWER = replace(FINISHED, uuid=b"")
RESERVE = tracked(reserve("db", cpus=1), OPERATION)


def with_one_begun() -> KnownOperations:
    known = KnownOperations(heard_max=2)
    known.begun([RESERVE, reserve("db", cpus=1)])
    return known


def test_what_is_begun_is_open_until_it_has_ended() -> None:
    known = with_one_begun()
    assert list(known.open_ids) == [OPERATION]
    assert known.take(replace(ANSWER, state=OperationState.PENDING))
    assert list(known.open_ids) == [OPERATION]
    assert known.take(FINISHED)
    assert list(known.open_ids) == []


def test_news_that_come_again_are_no_news_nor_is_an_answer_after_them() -> None:
    known = with_one_begun()
    assert [known.take(each) for each in (FINISHED, FINISHED, ANSWER)] == [True, False, False]


def test_who_asks_is_answered() -> None:
    known = KnownOperations(heard_max=2)
    assert not known.take(ANSWER)
    known.asked_for([OPERATION])
    assert known.take(ANSWER)
    known.asked_for_all()
    assert known.take(ANSWER)


def test_only_so_much_is_remembered() -> None:
    known = KnownOperations(heard_max=2)
    updates = [replace(FINISHED, uuid=bytes([n]) * 16) for n in range(3)]
    assert [known.take(update) for update in (*updates, updates[2], updates[0])] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_on_a_void_offer_those_with_an_id_are_dropped() -> None:
    [update] = dropped(FRAMEWORK, AGENT, [reserve("db", cpus=1), RESERVE])
    assert (update.operation_id, update.state) == (OPERATION, OperationState.DROPPED)
