"""What operators ask the leader, whichever way they come in, and the answers they wait for."""

import asyncio
import itertools
from collections.abc import Callable

from master.edge.leadership import Reign
from master.leader.effects import AnswerOperator
from master.leader.events import LeaderEvent

LOST = "leadership was lost before an answer: it may be done or not; ask again"


class LeadershipLost(Exception):
    def __init__(self) -> None:
        super().__init__(LOST)


class OperatorQuestions:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[AnswerOperator | None]] = {}

    async def ask(self, reign: Reign, event: Callable[[int], LeaderEvent]) -> AnswerOperator:
        """
        Args:
            event: made of the number that the answer will name.

        Raises:
            LeadershipLost
        """
        number = next(self._numbers)
        future: asyncio.Future[AnswerOperator | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            reign.submit(event(number))
            answer = await future
        finally:
            self._waiting.pop(number, None)
        if answer is None:
            raise LeadershipLost
        return answer

    def answer(self, effect: AnswerOperator) -> None:
        future = self._waiting.pop(effect.request, None)
        if future is not None and not future.done():
            future.set_result(effect)

    def give_up(self) -> None:
        """Leadership is lost: what was asked may be decided or not."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_result(None)
