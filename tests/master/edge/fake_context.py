"""What gRPC hands to a method that writes by itself: takes what is sent, as long as it is let."""

import asyncio
from typing import Generic, TypeVar

import grpc
from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound=Message)


class Aborted(Exception):
    """As gRPC ends a call."""


class FakeContext(Generic[MessageT]):
    """
    Attributes:
        may_go_on: the reader reads.
        code: with which the call was aborted.
    """

    def __init__(self) -> None:
        self.sent: list[MessageT] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.code: grpc.StatusCode | None = None

    async def write(self, message: MessageT) -> None:
        await self.may_go_on.wait()
        self.sent.append(message)

    async def abort(self, code: grpc.StatusCode, detail: str) -> None:
        self.code = code
        raise Aborted(detail)

    def peer(self) -> str:
        return "test"
