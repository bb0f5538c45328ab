"""Large listings give way to others, and those who ask at once for the same share one."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest
from prometheus_client import CollectorRegistry

from trimast.edge.mesos_http import Refusal
from trimast.edge.rendering import WAITING_MAX, Renderer, put_together


def test_pieces_are_put_together() -> None:
    assert asyncio.run(put_together(iter([b"a", b"", b"b"]))) == b"ab"


def test_others_have_their_turn_after_each_slice() -> None:
    async def story() -> list[str]:
        happened: list[str] = []
        loop = asyncio.get_running_loop()

        def pieces() -> Iterator[bytes]:
            for number in range(3):
                happened.append(f"piece {number}")
                loop.call_soon(happened.append, f"other {number}")
                yield b"x"

        assert await put_together(pieces(), slice_s=0.0, rest_s=0.0) == b"xxx"
        return happened

    assert asyncio.run(story()) == [f"{who} {n}" for n in range(3) for who in ("piece", "other")]


def test_pieces_that_take_little_are_made_in_one_turn() -> None:
    async def story() -> list[str]:
        happened: list[str] = []
        asyncio.get_running_loop().call_soon(happened.append, "other")
        assert await put_together(iter([b"x"] * 3), slice_s=60.0) == b"xxx"
        return list(happened)

    assert asyncio.run(story()) == []


def test_who_asks_for_the_same_at_once_shares_it_and_who_asks_later_gets_a_newer_one() -> None:
    async def story() -> list[bytes]:
        renderer, numbers = Renderer(CollectorRegistry(), "master"), count()

        def begin() -> Iterator[bytes]:
            yield str(next(numbers)).encode()

        at_once = await asyncio.gather(*(renderer.render("a", begin) for _ in range(3)))
        return [*at_once, await renderer.render("a", begin)]

    assert asyncio.run(story()) == [b"0", b"0", b"0", b"1"]


def test_what_goes_wrong_is_told_to_all_who_asked() -> None:
    async def story() -> None:
        renderer = Renderer(CollectorRegistry(), "master")

        def begin() -> Iterator[bytes]:
            raise Refusal(503, "gone")

        results = await asyncio.gather(
            renderer.render("a", begin), renderer.render("a", begin), return_exceptions=True
        )
        assert [str(result) for result in results] == ["gone", "gone"]

    asyncio.run(story())


def test_too_many_different_listings_at_once_are_refused() -> None:
    async def story() -> None:
        renderer = Renderer(CollectorRegistry(), "master")
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
