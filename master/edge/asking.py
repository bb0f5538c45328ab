"""Awaits what the replicated log tells by a callback."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

AnswerT = TypeVar("AnswerT")


async def answer_to(ask: Callable[[Callable[[AnswerT], None]], None]) -> AnswerT:
    """What `ask` gives to the callback that it is given."""
    answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()

    def told(given: AnswerT) -> None:
        if not answer.done():  # Nobody may be waiting any more.
            answer.set_result(given)

    ask(told)
    return await answer
