"""Long answers: a few at a time, and no reader who stops reading."""

import asyncio
from typing import Any, cast

import grpc
import pytest

from master.edge.long_answers import PATIENCE_S, LongAnswers, write
from protos.trimast.v1 import cluster_pb2
from tests.master.edge.fake_context import Aborted, FakeContext
from tests.virtual_time_loop import run_in_virtual_time

MESSAGE = cluster_pb2.ListTasksReply()

Context = FakeContext[cluster_pb2.ListTasksReply]


async def two_messages(answers: LongAnswers, context: Context) -> None:
    async with answers.one_more(cast(Any, context)):
        await write(cast(Any, context), MESSAGE)
        await write(cast(Any, context), MESSAGE)


def test_one_too_many_is_refused_and_there_is_room_again_when_one_is_done() -> None:
    async def story() -> None:
        answers = LongAnswers("tales", 2)
        contexts = [Context() for _ in range(2)]
        for context in contexts:
            context.may_go_on.clear()
        telling = [asyncio.create_task(two_messages(answers, context)) for context in contexts]
        await asyncio.sleep(0)
        refused = Context()
        with pytest.raises(Aborted, match="2 tales are being made already; ask again when one is"):
            await two_messages(answers, refused)
        assert (refused.code, refused.sent) == (grpc.StatusCode.RESOURCE_EXHAUSTED, [])
        contexts[0].may_go_on.set()
        await telling[0]
        await two_messages(answers, Context())
        telling[1].cancel()  # As gRPC does when a caller goes away.
        await asyncio.gather(telling[1], return_exceptions=True)
        contexts = [Context() for _ in range(2)]
        await asyncio.gather(*(two_messages(answers, context) for context in contexts))

    run_in_virtual_time(story())


def test_who_stops_reading_is_given_up_and_leaves_room() -> None:
    async def story() -> None:
        answers = LongAnswers("tales", 1)
        context = Context()
        context.may_go_on.clear()
        with pytest.raises(Aborted, match="you read too slowly"):
            await two_messages(answers, context)
        assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert asyncio.get_running_loop().time() == PATIENCE_S
        await two_messages(answers, Context())

    run_in_virtual_time(story())


def test_a_slow_reader_has_time_for_each_message() -> None:
    async def story() -> None:
        context = Context()
        loop = asyncio.get_running_loop()
        context.may_go_on.clear()
        telling = asyncio.create_task(two_messages(LongAnswers("tales", 1), context))
        loop.call_later(PATIENCE_S - 1, context.may_go_on.set)
        await telling
        assert len(context.sent) == 2

    run_in_virtual_time(story())
