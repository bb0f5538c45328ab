"""A stream of records as the answer to a call of the Mesos v1 API."""

import asyncio
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from trimast.edge.mesos_http import encoded
from trimast.edge.recordio import to_record
from trimast.edge.turns import Turns

TAKEN_WITHIN_S: Final = 10.0
"""What gathers for one that does not read is kept in memory, and there may be many of its kind."""


class NotRead(Exception):
    """The other end did not make room for the next record in time."""


class RecordStream:
    """
    Args:
        response: prepared already.
        content_type: of each record.
        turns: shared by all streams, so that many records of many streams hold nothing up.
    """

    def __init__(
        self,
        response: web.StreamResponse,
        content_type: str,
        turns: Turns,
        *,
        taken_within_s: float = TAKEN_WITHIN_S,
    ) -> None:
        self._response = response
        self._content_type = content_type
        self._turns = turns
        self._taken_within_s = taken_within_s

    async def write(self, message: Message) -> None:
        """
        Raises:
            NotRead: the stream is of no more use.
            ConnectionError: the other end has hung up.
        """
        await self._turns.mine()
        await self._put(to_record(encoded(message, self._content_type)), self._taken_within_s)

    async def write_record(self, record: bytes, *, taken_within_s: float | None = None) -> None:
        """As `write`, one that is made already.

        Args:
            taken_within_s: for a large one; None for as long as any.
        """
        await self._turns.mine()
        await self._put(record, taken_within_s or self._taken_within_s)

    async def _put(self, record: bytes, taken_within_s: float) -> None:
        try:
            async with asyncio.timeout(taken_within_s):
                # One record is one chunk: some clients read no further than that.
                await self._response.write(record)
        except TimeoutError:
            raise NotRead from None
