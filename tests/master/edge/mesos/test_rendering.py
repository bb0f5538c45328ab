"""Large listings give way to others, and those who ask at once for the same share one."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest
from prometheus_client import CollectorRegistry

from master.edge.mesos.rendering import WAITING_MAX, Renderer, put_together
from master.edge.slicing import SLICE_S
from trimast.edge.mesos_http import Refusal


def test_pieces_are_put_together() -> None:
    assert asyncio.run(put_together(iter([b"a", b"", b"b"]))) == b"ab"


def test_others_have_their_turn_while_it_takes_long() -> None:
    async def story() -> int:
        turns = 0
        is_done = False

        async def other() -> None:
            nonlocal turns
            while not is_done:
                turns += 1
                await asyncio.sleep(0)

        def slow() -> Iterator[bytes]:
            loop = asyncio.get_running_loop()
            for _ in range(5):
                end_s = loop.time() + SLICE_S
                while loop.time() < end_s:
                    pass
                yield b"x"

        beside = asyncio.create_task(other())
        assert await put_together(slow()) == b"xxxxx"
        is_done = True
        await beside
        return turns

    assert asyncio.run(story()) >= 5


def test_who_asks_for_the_same_at_once_shares_it_and_who_asks_later_gets_a_newer_one() -> None:
    async def story() -> list[bytes]:
        renderer, numbers = Renderer(CollectorRegistry()), count()

        def begin() -> Iterator[bytes]:
            yield str(next(numbers)).encode()

        at_once = await asyncio.gather(*(renderer.render("a", begin) for _ in range(3)))
        return [*at_once, await renderer.render("a", begin)]

    assert asyncio.run(story()) == [b"0", b"0", b"0", b"1"]


def test_what_goes_wrong_is_told_to_all_who_asked() -> None:
    async def story() -> None:
        renderer = Renderer(CollectorRegistry())

        def begin() -> Iterator[bytes]:
            raise Refusal(503, "gone")

        results = await asyncio.gather(
            renderer.render("a", begin), renderer.render("a", begin), return_exceptions=True
        )
        assert [str(result) for result in results] == ["gone", "gone"]

    asyncio.run(story())


def test_too_many_different_listings_at_once_are_refused() -> None:
    async def story() -> None:
        renderer = Renderer(CollectorRegistry())
        asked = [
            asyncio.create_task(renderer.render(number, lambda: iter([b"x"])))
            for number in range(WAITING_MAX)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="Too many") as refusal:
            await renderer.render("one more", lambda: iter([b"x"]))
        assert refusal.value.status == 503
        assert set(await asyncio.gather(*asked)) == {b"x"}

    asyncio.run(story())
