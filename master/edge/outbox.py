"""What waits to be written to one stream. Bounded: who reads too slowly is cut off."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

MessageT = TypeVar("MessageT")

MESSAGES_MAX = 100_000
"""More than a framework with that many tasks hears at once when it asks how they are."""


class Outbox(Generic[MessageT]):
    """Filled by `put` without waiting, emptied by one `batches` loop.

    Attributes:
        overflowed: a message did not fit; the stream has lost its place and must end.
    """

    def __init__(self, messages_max: int = MESSAGES_MAX) -> None:
        self._messages: deque[MessageT] = deque()
        self._messages_max = messages_max
        self._changed = asyncio.Event()
        self._is_closed = False
        self.overflowed = False

    def put(self, message: MessageT) -> None:
        if self._is_closed:
            return
        if len(self._messages) >= self._messages_max:
            self.overflowed = True
            self._messages.clear()
            self.close()
            return
        self._messages.append(message)
        self._changed.set()

    def close(self) -> None:
        """What waits is still written; then the stream ends."""
        self._is_closed = True
        self._changed.set()

    async def batches(self) -> AsyncIterator[list[MessageT]]:
        """All that has gathered since the last batch, again and again until closed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._messages:
                batch = list(self._messages)
                self._messages.clear()
                yield batch
            if self._is_closed and not self._messages:
                return
