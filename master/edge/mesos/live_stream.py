"""A stream of records to a client that may hang up, or stop reading, at any time."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from master.edge.streams import SlowReader
from trimast.edge.record_stream import NotRead, RecordStream
from trimast.edge.turns import Turns

LOOK_AFTER_S: Final = 1.0
"""How soon it is noticed that a reader to whom nothing is said has hung up."""


class LiveStream:
    """
    Args:
        on_gone: called once the reader has hung up.
    """

    def __init__(
        self,
        request: web.Request,
        content_type: str,
        turns: Turns,
        on_gone: Callable[[], None],
        headers: dict[str, str] | None = None,
    ) -> None:
        self._request = request
        self._on_gone = on_gone
        self._watching: asyncio.Task[None] | None = None
        self.response: Final = web.StreamResponse(
            headers={"Content-Type": content_type, **(headers or {})}
        )
        self._records = RecordStream(self.response, content_type, turns)

    async def begin(self) -> None:
        await self.response.prepare(self._request)
        self._watching = asyncio.create_task(self._look_after())

    async def send(self, message: Message) -> None:
        """
        Raises:
            ConnectionError: the reader has hung up.
            SlowReader: it does not read.
        """
        try:
            await self._records.write(message)
        except NotRead:
            raise SlowReader from None

    async def send_record(self, record: bytes, *, taken_within_s: float | None = None) -> None:
        """As `send`, one that is made already."""
        try:
            await self._records.write_record(record, taken_within_s=taken_within_s)
        except NotRead:
            raise SlowReader from None

    def break_off(self) -> None:
        """What it has not read is lost, and it can tell."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _look_after(self) -> None:
        # aiohttp tells nobody.
        request = self._request
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AFTER_S)
        self._on_gone()
