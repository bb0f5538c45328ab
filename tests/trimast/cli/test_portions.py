"""A listing is read as long as it goes on; a silence ends it as a deadline of gRPC does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import grpc.aio
import pytest

from tests.virtual_time_loop import run_in_virtual_time
from trimast.cli.failing import Failed, told
from trimast.cli.portions import portions


class FakeCall:
    """Gives one portion each `every_s`, then ends, or falls silent."""

    def __init__(self, total: int, *, every_s: float, falls_silent: bool = False) -> None:
        self._replies = list(range(total))
        self._every_s = every_s
        self._falls_silent = falls_silent
        self.is_cancelled = False

    async def read(self) -> object:
        await asyncio.sleep(self._every_s)
        if not self._replies and self._falls_silent:
            await asyncio.get_running_loop().create_future()
        return self._replies.pop(0) if self._replies else grpc.aio.EOF

    def cancel(self) -> bool:
        self.is_cancelled = True
        return True


def read(call: FakeCall) -> AsyncIterator[int]:
    return portions(cast(Any, call), silence_max_s=10)


def test_all_portions_are_read_however_long_that_takes() -> None:
    async def story() -> None:
        assert [each async for each in read(FakeCall(50, every_s=9))] == list(range(50))

    run_in_virtual_time(story())


def test_a_silence_ends_it_as_a_deadline_does() -> None:
    async def story() -> None:
        call = FakeCall(2, every_s=1, falls_silent=True)
        reading = read(call)
        assert [await anext(reading), await anext(reading)] == [0, 1]
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await anext(reading)
        assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert call.is_cancelled
        with pytest.raises(Failed, match="DEADLINE_EXCEEDED: it has sent nothing for 10 s"), told():
            raise ended.value

    run_in_virtual_time(story())
