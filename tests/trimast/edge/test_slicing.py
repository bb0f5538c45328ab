"""A slice is over when its time is; a rest lets others have their turn."""

import asyncio

import pytest

from trimast.edge import slicing
from trimast.edge.slicing import Slice, rest


def test_a_slice_is_over_when_its_time_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [7.0]
    monkeypatch.setattr(slicing, "perf_counter", lambda: now_s[-1])
    current = Slice()
    assert [current.is_over, Slice().is_over] == [False, False]
    now_s.append(7.0 + slicing.SLICE_S)
    assert [current.is_over, Slice().is_over] == [True, False]


def test_others_have_their_turn_while_one_rests() -> None:
    async def story() -> None:
        called: list[str] = []
        asyncio.get_running_loop().call_soon(called.append, "another")
        await rest()
        assert called == ["another"]

    asyncio.run(story())
