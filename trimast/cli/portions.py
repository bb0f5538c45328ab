"""Listings come in portions, and may take long: what counts is that they go on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import grpc
import grpc.aio

ReplyT = TypeVar("ReplyT")


async def portions(
    call: grpc.aio.UnaryStreamCall[Any, ReplyT], *, silence_max_s: float
) -> AsyncIterator[ReplyT]:
    """
    Args:
        call: without a timeout, which would count for all of it.

    Raises:
        AioRpcError: as the master has ended it; DEADLINE_EXCEEDED: nothing has come for so long.
    """
    try:
        while (reply := await _next(call, silence_max_s)) is not grpc.aio.EOF:
            yield reply
    finally:
        call.cancel()  # Does nothing to one that has ended.


async def _next(call: grpc.aio.UnaryStreamCall[Any, ReplyT], silence_max_s: float) -> Any:
    try:
        async with asyncio.timeout(silence_max_s):
            return await call.read()
    except TimeoutError:
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            initial_metadata=grpc.aio.Metadata(),
            trailing_metadata=grpc.aio.Metadata(),
            details=f"it has sent nothing for {silence_max_s:g} s",
        ) from None
