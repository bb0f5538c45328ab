"""Streams: what goes out in order, who reads too slowly, and whose fault ends what."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from master.edge.outbox import MESSAGES_MAX, Outbox
from master.edge.streams import SlowReader, Streams


async def never() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


async def these(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


def test_what_gathers_between_two_writes_goes_out_together_and_in_order() -> None:
    async def story() -> list[list[str]]:
        streams: Streams[str] = Streams()
        number = streams.new_number()
        batches: list[list[str]] = []
        talk = streams.converse(number, never(), lambda _: None)
        first = asyncio.ensure_future(anext(talk))
        await asyncio.sleep(0)
        streams.put(number, "a")
        streams.put(number, "b")
        batches.append(await first)
        streams.put(number, "c")
        streams.close(number)
        batches += [batch async for batch in talk]
        assert len(streams) == 0
        return batches

    assert asyncio.run(story()) == [["a", "b"], ["c"]]


def test_the_end_of_the_other_side_ends_the_talk() -> None:
    heard: list[str] = []

    async def story() -> None:
        streams: Streams[str] = Streams()
        talk = streams.converse(streams.new_number(), these("x", "y"), heard.append)
        assert [batch async for batch in talk] == []

    asyncio.run(story())
    assert heard == ["x", "y"]


def test_what_a_listener_raises_ends_its_own_talk() -> None:
    def refuse(text: str) -> None:
        raise ValueError(text)

    async def story() -> None:
        streams: Streams[str] = Streams()
        async for _ in streams.converse(streams.new_number(), these("bad"), refuse):
            pass

    with pytest.raises(ValueError, match="bad"):
        asyncio.run(story())


def test_who_does_not_read_is_cut_off() -> None:
    async def story() -> None:
        outbox: Outbox[int] = Outbox(messages_max=3)
        for number in range(4):
            outbox.put(number)
        assert outbox.overflowed
        assert [batch async for batch in outbox.batches()] == []

        streams: Streams[int] = Streams()
        number = streams.new_number()
        talk = streams.converse(number, never(), lambda _: None)
        first = asyncio.ensure_future(anext(talk))
        await asyncio.sleep(0)
        for message in range(MESSAGES_MAX + 1):
            streams.put(number, message)
        await first

    with pytest.raises(SlowReader):
        asyncio.run(story())


def test_what_is_put_for_a_stream_that_is_over_is_dropped() -> None:
    streams: Streams[str] = Streams()
    streams.put(99, "nobody hears this")
    streams.close(99)
    assert len(streams) == 0
