"""Open streams, and what is to be written to each: shared by the doors of agents and frameworks."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from master.edge.outbox import Outbox

OutT = TypeVar("OutT")
InT = TypeVar("InT")


class SlowReader(Exception):
    """So much waits to be read at the other end that the stream was given up."""


class Streams(Generic[OutT]):
    """Numbers every stream it opens; a number is never used again."""

    def __init__(self) -> None:
        self._outboxes: dict[int, Outbox[OutT]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._outboxes)

    def new_number(self) -> int:
        return next(self._numbers)

    def put(self, number: int, message: OutT) -> None:
        """Nothing happens if the stream has ended: who speaks over it will hear of that."""
        outbox = self._outboxes.get(number)
        if outbox is not None:
            outbox.put(message)

    def close(self, number: int) -> None:
        """What was put before is written, then the stream ends."""
        outbox = self._outboxes.get(number)
        if outbox is not None:
            outbox.close()

    def close_all(self) -> None:
        for outbox in self._outboxes.values():
            outbox.close()

    def listen(self, number: int) -> AsyncGenerator[list[OutT], None]:
        """What is put from now on, in batches, until it is closed.

        Raises:
            SlowReader: while iterating: the other end does not read.
        """
        outbox: Outbox[OutT] = Outbox()
        self._outboxes[number] = outbox
        return self._empty(number, outbox)

    async def _empty(self, number: int, outbox: Outbox[OutT]) -> AsyncGenerator[list[OutT], None]:
        try:
            async for batch in outbox.batches():
                yield batch
            if outbox.overflowed:
                raise SlowReader
        finally:
            del self._outboxes[number]

    async def converse(
        self, number: int, requests: AsyncIterator[InT], on_request: Callable[[InT], None]
    ) -> AsyncGenerator[list[OutT], None]:
        """Hand on what comes in, and yield what is to go out, until either side ends it.

        Args:
            on_request: called with each message as it comes; may raise to end the stream.

        Raises:
            SlowReader: the other end does not read.
            Exception: what `on_request` raised.
        """
        outbox: Outbox[OutT] = Outbox()
        self._outboxes[number] = outbox
        reading = asyncio.create_task(_read(requests, on_request, outbox))
        try:
            async with aclosing(self._empty(number, outbox)) as batches:
                async for batch in batches:
                    yield batch
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
            await asyncio.wait([reading])


async def _read(
    requests: AsyncIterator[InT], on_request: Callable[[InT], None], outbox: Outbox[OutT]
) -> None:
    try:
        async for request in requests:
            on_request(request)
    finally:
        outbox.close()
