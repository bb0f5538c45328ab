"""The streams over which executors are told things: one each, in order, never waiting for one."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from agent.executors.effects import CloseExecutorStream, ExecutorNews, TellExecutor

log = structlog.get_logger()

WAITING_MAX: Final = 10_000
"""An executor that reads nothing for so long has to subscribe again."""


class ExecutorStream:
    """What is to be told over one connection."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[ExecutorNews | None] = asyncio.Queue(WAITING_MAX + 1)
        self.is_over = False

    def put(self, news: ExecutorNews) -> None:
        if self.is_over:
            return
        if self._waiting.qsize() >= WAITING_MAX:
            self.close()
        else:
            self._waiting.put_nowait(news)

    def close(self) -> None:
        """Once what was put before is told."""
        if not self.is_over:
            self.is_over = True
            self._waiting.put_nowait(None)

    async def take(self, timeout_s: float) -> ExecutorNews | None:
        """None at the end of the stream. Raises TimeoutError."""
        return await asyncio.wait_for(self._waiting.get(), timeout_s)


class ExecutorStreams:
    def __init__(self) -> None:
        self._streams: dict[int, ExecutorStream] = {}
        self._opened = 0

    def open(self, submit: Callable[[int], None]) -> tuple[int, ExecutorStream]:
        """
        Args:
            submit: is called with the stream's number, once it can be told things.
        """
        self._opened += 1
        stream_id = self._opened
        stream = self._streams[stream_id] = ExecutorStream()
        submit(stream_id)
        return stream_id, stream

    def drop(self, stream_id: int) -> None:
        self._streams.pop(stream_id, None)

    def perform(self, effect: TellExecutor | CloseExecutorStream) -> None:
        stream = self._streams.get(effect.stream_id)
        if stream is None:
            return  # It has left in the meantime.
        if isinstance(effect, TellExecutor):
            stream.put(effect.news)
        else:
            stream.close()

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()
