"""Those who come at once do not all work in one turn of the loop."""

import asyncio
import itertools

from trimast.edge.turns import Turns


class ATurnCounter:
    """Of the loop, while it runs."""

    def __init__(self) -> None:
        self.turn = 0
        self._next()

    def _next(self) -> None:
        self.turn += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def stop(self) -> None:
        self._handle.cancel()


async def in_which_turns(turns: Turns, count: int) -> list[tuple[int, int]]:
    """Who worked, in the order in which they did, and in which turn of the loop."""
    counter = ATurnCounter()
    worked: list[tuple[int, int]] = []

    async def work(number: int) -> None:
        await turns.mine()
        worked.append((number, counter.turn))

    await asyncio.gather(*(work(number) for number in range(count)))
    counter.stop()
    return worked


def test_when_a_turn_has_lasted_long_enough_the_others_wait_for_the_next_ones() -> None:
    async def main() -> None:
        worked = await in_which_turns(Turns(slice_s=0.0), 20)
        assert [number for number, _ in worked] == list(range(20))
        together = [len(list(group)) for _, group in itertools.groupby(turn for _, turn in worked)]
        assert max(together) <= 4
        assert len(together) >= 5

    asyncio.run(main())


def test_little_work_is_done_at_once() -> None:
    async def main() -> None:
        worked = await in_which_turns(Turns(slice_s=60.0), 20)
        assert {turn for _, turn in worked} == {worked[0][1]}

    asyncio.run(main())


def test_who_gave_up_keeps_nobody_waiting() -> None:
    async def main() -> None:
        turns = Turns(slice_s=0.0)
        first, second = (asyncio.create_task(turns.mine()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(5):
            await second

    asyncio.run(main())
