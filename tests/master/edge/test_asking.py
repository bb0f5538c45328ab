"""Answers by callback: awaited once, and harmless when nobody waits any more."""

import asyncio
from collections.abc import Callable

from master.edge.asking import answer_to


def test_what_the_callback_is_given_is_the_answer() -> None:
    def ask(tell: Callable[[int], None]) -> None:
        asyncio.get_running_loop().call_soon(tell, 7)

    assert asyncio.run(answer_to(ask)) == 7


def test_an_answer_after_the_caller_has_gone_does_no_harm() -> None:
    async def story() -> None:
        tells: list[Callable[[int], None]] = []
        asking = asyncio.create_task(answer_to(tells.append))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        tells[0](7)

    asyncio.run(story())
