"""A stream of records: each is one chunk, as some clients of Mesos read no further than that."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from master.edge.streams import SlowReader
from trimast.edge.mesos_http import encoded
from trimast.edge.recordio import to_record

READER_PATIENCE_S: Final = 10.0
"""So long a reader may take nothing of what waits for it."""
LOOK_AFTER_S: Final = 1.0
"""How soon it is noticed that a reader to whom nothing is said has hung up."""


class RecordStream:
    """
    Args:
        on_gone: called once the reader has hung up.
    """

    def __init__(
        self,
        request: web.Request,
        content_type: str,
        on_gone: Callable[[], None],
        headers: dict[str, str] | None = None,
    ) -> None:
        self._request = request
        self._content_type = content_type
        self._on_gone = on_gone
        self._watching: asyncio.Task[None] | None = None
        self.response: Final = web.StreamResponse(
            headers={"Content-Type": content_type, **(headers or {})}
        )

    async def begin(self) -> None:
        await self.response.prepare(self._request)
        self._watching = asyncio.create_task(self._look_after())

    async def send(self, message: Message) -> None:
        """As `write`, one message."""
        await self.write(to_record(encoded(message, self._content_type)))

    async def write(self, record: bytes, *, patience_s: float = READER_PATIENCE_S) -> None:
        """
        Raises:
            ConnectionError: the reader has hung up.
            SlowReader: it does not read.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self.response.write(record)
        except TimeoutError:
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
