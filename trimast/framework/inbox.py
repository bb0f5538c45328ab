"""What waits for the scheduler's callbacks: bounded for the leader, never full for the driver."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Inbox(Generic[ItemT]):
    def __init__(self, items_max: int) -> None:
        self._items_max = items_max
        self._items: deque[ItemT] = deque()
        self._own: deque[ItemT] = deque()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closed = False

    async def put(self, item: ItemT) -> None:
        """Wait for room first."""
        while len(self._items) >= self._items_max and not self._is_closed:
            self._has_room.clear()
            await self._has_room.wait()
        self._items.append(item)
        self._changed.set()

    def put_own(self, item: ItemT) -> None:
        """At once, before all else: what the driver itself has to tell."""
        self._own.append(item)
        self._changed.set()

    async def take(self) -> ItemT | None:
        """None once it is closed, whatever is still there."""
        while not self._is_closed:
            if self._own:
                return self._own.popleft()
            if self._items:
                self._has_room.set()
                return self._items.popleft()
            self._changed.clear()
            await self._changed.wait()
        return None

    def close(self) -> None:
        self._is_closed = True
        self._changed.set()
        self._has_room.set()
