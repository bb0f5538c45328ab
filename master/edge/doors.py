"""What every door does with a caller that it cannot serve: say why, and where to go instead."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
import structlog

from master.edge.directory import Directory
from master.edge.leadership import Leadership, Reign
from master.edge.streams import SlowReader, Streams
from replication.replicated_log import ReplicatedLog
from trimast.edge.wire.bad_message import BadMessage

log = structlog.get_logger()

LEADER_HINT = "trimast-leader"
"""Trailing metadata with the leader's gRPC address, if it is known."""

_Context = grpc.aio.ServicerContext[Any, Any]
InT = TypeVar("InT")
OutT = TypeVar("OutT")


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    leadership: Leadership
    directory: Directory
    replicated_log: ReplicatedLog

    async def reign_or_redirect(self, context: _Context) -> Reign:
        """The present reign; if this master does not lead, the call ends here."""
        reign = self.leadership.reign
        if reign is None:
            await self.redirect(context)
        return reign

    async def redirect(self, context: _Context) -> NoReturn:
        leader_id = self.replicated_log.status().leader_id
        leader = self.directory.find(leader_id)
        own_id = self.directory.own_id
        if leader is None or leader_id == own_id:
            await context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f"{own_id} does not lead; no leader is known"
            )
        await context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{own_id} does not lead; ask {leader_id} at {leader.grpc}",
            trailing_metadata=((LEADER_HINT, leader.grpc),),
        )

    async def converse(
        self,
        streams: Streams[OutT],
        number: int,
        reign: Reign,
        requests: AsyncIterator[InT],
        on_request: Callable[[InT], None],
        context: _Context,
    ) -> AsyncGenerator[list[OutT], None]:
        """`Streams.converse`, with every bad end told to the caller as a gRPC status."""
        try:
            async with aclosing(streams.converse(number, requests, on_request)) as batches:
                async for batch in batches:
                    yield batch
        except BadMessage as error:
            log.warning("message_refused", peer=context.peer(), fault=str(error))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except SlowReader:
            log.warning("slow_reader_cut_off", peer=context.peer())
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "you read too slowly")
        if self.leadership.reign is not reign:
            await context.abort(
                grpc.StatusCode.UNAVAILABLE, f"{self.directory.own_id} does not lead any more"
            )
