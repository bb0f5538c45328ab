"""Answers in many messages: a few at a time, each to a reader who goes on reading."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

log = structlog.get_logger()

PATIENCE_S: Final = 30.0
"""So long may a reader take for one message."""

_Context = grpc.aio.ServicerContext[Any, Any]


class LongAnswers:
    """
    Args:
        what: their name, in the plural.
        most: at a time. Each holds on to records that are replaced meanwhile.
    """

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._under_way = 0

    @asynccontextmanager
    async def one_more(self, context: _Context) -> AsyncIterator[None]:
        """Around the whole answer, of which each message is sent by `write`.

        The call ends here if there are too many already, or if its reader reads too slowly.
        """
        if self._under_way >= self._most:
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._most} {self._what} are being made already; ask again when one is done",
            )
        self._under_way += 1
        try:
            yield
        except TimeoutError:
            log.warning("slow_reader_cut_off", peer=context.peer())
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "you read too slowly")
        finally:
            self._under_way -= 1


async def write(context: _Context, message: Message) -> None:
    """
    Raises:
        TimeoutError: the reader does not take it.
    """
    async with asyncio.timeout(PATIENCE_S):
        await context.write(message)
