"""A full collection looks at what is new; what is old is looked at now and then."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from trimast.edge.collecting import collect_in_small_portions


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@contextmanager
def small_portions(set_aside_min: int, *, may_take_long: bool = True) -> Iterator[None]:
    end = collect_in_small_portions(
        set_aside_min=set_aside_min, may_take_long=lambda: may_take_long
    )
    try:
        yield
    finally:
        end()


def test_what_outlives_a_full_collection_is_set_aside() -> None:
    kept = [[number] for number in range(50_000)]
    with small_portions(10**9):
        gc.collect()
        assert gc.get_freeze_count() > len(kept)
        assert len(gc.get_objects()) < len(kept)
    assert gc.get_freeze_count() == 0


def test_new_garbage_is_found_all_the_same() -> None:
    with small_portions(10**9):
        gc.collect()
        gone = weakref.ref(Cycle())
        gc.collect()
        assert gone() is None


def test_everything_is_looked_at_again_when_twice_as_much_is_set_aside() -> None:
    with small_portions(0):
        for _ in range(3):
            gc.collect()
        cycle = Cycle()
        gone = weakref.ref(cycle)
        gc.collect()
        before = gc.get_freeze_count()
        assert before > 0
        del cycle
        gc.collect()
        assert gone() is not None, "a look at everything costs too much for one cycle"
        assert gc.get_freeze_count() >= before
        more: list[list[int]] = [[] for _ in range(2 * before)]
        for _ in range(3):
            gc.collect()
        assert gone() is None
        del more


def test_nobody_who_is_waited_for_looks_at_everything() -> None:
    with small_portions(0, may_take_long=False):
        for _ in range(4):
            gc.collect()
            assert gc.get_freeze_count() > 0
