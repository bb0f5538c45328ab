"""Operators wait for an answer, and are told if there will be none."""

import asyncio
from collections.abc import Callable

import pytest

from master.edge.leadership import Reign
from master.edge.operator_questions import LeadershipLost, OperatorQuestions
from master.leader.effects import AnswerOperator
from master.leader.events import LeaderEvent, OperatorAsked
from master.registry.commands import ProveQuorum
from master.registry.outcome import APPLIED


def reign_that(submit: Callable[[LeaderEvent], None]) -> Reign:
    return Reign(None, None, submit, began_at_ms=0)  # type: ignore[arg-type]


def asked(number: int) -> LeaderEvent:
    return OperatorAsked(number, ProveQuorum())


def test_each_gets_the_answer_to_its_own_question() -> None:
    async def story() -> None:
        questions = OperatorQuestions()
        numbers: list[int] = []

        def submit(event: LeaderEvent) -> None:
            assert isinstance(event, OperatorAsked)
            numbers.append(event.request)

        both = [asyncio.create_task(questions.ask(reign_that(submit), asked)) for _ in range(2)]
        await asyncio.sleep(0)
        for index, number in reversed(list(enumerate(numbers))):
            questions.answer(AnswerOperator(number, APPLIED, index))
        assert [answer.index for answer in await asyncio.gather(*both)] == [0, 1]
        questions.answer(AnswerOperator(numbers[0], APPLIED, 9))  # Nobody waits for it any more.

    asyncio.run(story())


def test_an_answer_may_come_before_the_question_is_put_down() -> None:
    async def story() -> None:
        questions = OperatorQuestions()

        def submit(event: LeaderEvent) -> None:
            assert isinstance(event, OperatorAsked)
            questions.answer(AnswerOperator(event.request, APPLIED, 7))

        assert (await questions.ask(reign_that(submit), asked)).index == 7

    asyncio.run(story())


def test_who_waits_when_leadership_is_lost_is_told_so() -> None:
    async def story() -> None:
        questions = OperatorQuestions()
        waiting = asyncio.create_task(questions.ask(reign_that(lambda _: None), asked))
        await asyncio.sleep(0)
        questions.give_up()
        with pytest.raises(LeadershipLost, match="ask again"):
            await waiting

    asyncio.run(story())
