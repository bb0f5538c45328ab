"""Waiting for what only the outside world can do, and no event tells of."""

import asyncio
from collections.abc import Callable

WAIT_MAX_S = 20.0


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_MAX_S):
        while not is_true():  # noqa: ASYNC110 (the file system has no asyncio.Event)
            await asyncio.sleep(0.001)
