"""What comes alone goes on at once; a crowd goes on together, in order, and soon."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from master.edge.pacing import AT_ONCE_MAX, PAUSE_EACH_S, PAUSE_MOST_S, Pacing
from tests.virtual_time_loop import run_in_virtual_time


class Door:
    """Writes down what has gone on, and in which millisecond."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.began_s = self.loop.time()
        self.pacing: Pacing[int] = Pacing(self.hand_on)
        self.went: list[tuple[int, int]] = []

    def hand_on(self, item: int) -> None:
        self.went.append((round((self.loop.time() - self.began_s) * 1000), item))


def story(tell: Callable[[Door], Awaitable[None]]) -> None:
    async def telling() -> None:
        await tell(Door())

    run_in_virtual_time(telling())


def test_one_that_comes_alone_goes_on_at_once() -> None:
    async def tell(door: Door) -> None:
        for number in range(3):
            door.pacing.put(number)
            await asyncio.sleep(2 * PAUSE_EACH_S)
        assert door.went == [(0, 0), (2, 1), (4, 2)]

    story(tell)


def test_what_comes_in_the_same_turn_goes_with_it() -> None:
    async def tell(door: Door) -> None:
        for number in range(3):
            door.pacing.put(number)
        assert door.went == [(0, 0), (0, 1), (0, 2)]

    story(tell)


def test_what_comes_right_after_waits_for_company_and_keeps_its_order() -> None:
    async def tell(door: Door) -> None:
        door.pacing.put(0)
        door.pacing.put(1)
        await asyncio.sleep(0)
        for number in range(2, 100):
            door.pacing.put(number)
        await asyncio.sleep(0.002)
        assert door.went == [(0, 0), (0, 1), *((2, number) for number in range(2, 100))]

    story(tell)


def test_nobody_waits_long_however_many_came_before() -> None:
    async def tell(door: Door) -> None:
        for number in range(AT_ONCE_MAX):
            door.pacing.put(number)
        await asyncio.sleep(0)
        door.pacing.put(1_000)
        await asyncio.sleep(PAUSE_MOST_S)
        assert door.went[-1] == (round(PAUSE_MOST_S * 1000), 1_000)

    story(tell)


def test_a_great_crowd_goes_on_in_parts_with_a_pause_after_each() -> None:
    async def tell(door: Door) -> None:
        for number in range(3 * AT_ONCE_MAX):
            door.pacing.put(number)
        await asyncio.sleep(1)
        assert [item for _, item in door.went] == list(range(3 * AT_ONCE_MAX))
        pause_ms = round(PAUSE_MOST_S * 1000)
        parts = Counter(at_ms for at_ms, _ in door.went)
        assert parts == dict.fromkeys((0, pause_ms, 2 * pause_ms), AT_ONCE_MAX)

    story(tell)


def test_what_waits_can_be_dropped() -> None:
    async def tell(door: Door) -> None:
        door.pacing.put(0)
        await asyncio.sleep(0)
        door.pacing.put(1)
        door.pacing.drop()
        await asyncio.sleep(1)
        door.pacing.put(2)
        assert [item for _, item in door.went] == [0, 2]

    story(tell)


def test_what_is_put_while_others_go_on_goes_after_them() -> None:
    async def tell(door: Door) -> None:
        def hand_on(item: int) -> None:
            door.hand_on(item)
            if item == 1:
                door.pacing.put(3)

        door.pacing = Pacing(hand_on)
        door.pacing.put(0)
        await asyncio.sleep(0)
        door.pacing.put(1)
        door.pacing.put(2)
        await asyncio.sleep(1)
        assert [item for _, item in door.went] == [0, 1, 2, 3]

    story(tell)
