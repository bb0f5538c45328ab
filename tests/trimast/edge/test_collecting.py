"""A full collection looks at what is new; what is old is looked at now and then."""

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trimast.edge.collecting import collect_in_small_portions


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@contextmanager
def small_portions(
    set_aside_min: int, *, in_use: int = 0, may_take_long: bool = True
) -> Iterator[list[Callable[[], int]]]:
    """Gives what was asked for."""
    asked: list[Callable[[], int]] = []
    end = collect_in_small_portions(
        soon=asked.append,
        in_use=lambda: in_use,
        may_take_long=lambda: may_take_long,
        set_aside_min=set_aside_min,
        counted_every=2,
    )
    try:
        yield asked
    finally:
        end()


def test_what_outlives_a_full_collection_is_set_aside() -> None:
    kept = [[number] for number in range(50_000)]
    with small_portions(10**9):
        gc.collect()
        assert gc.get_freeze_count() > len(kept)
        assert len(gc.get_objects()) < len(kept)
    assert gc.get_freeze_count() == 0


def test_what_was_there_at_the_start_is_not_looked_at() -> None:
    gone = weakref.ref(Cycle())
    with small_portions(10**9):
        gc.collect()
        assert gone() is not None
    gc.collect()
    assert gone() is None


def test_a_look_at_everything_is_not_put_off_until_others_wait_for_it() -> None:
    with small_portions(0) as asked:
        gc.collect()
        asked.clear()
        gc.collect()
        assert len(asked) == 1


def test_new_garbage_is_found_all_the_same() -> None:
    with small_portions(10**9):
        gc.collect()
        gone = weakref.ref(Cycle())
        gc.collect()
        assert gone() is None


def test_everything_is_looked_at_again_when_far_more_is_set_aside_than_is_in_use() -> None:
    assert collections_until_found(in_use=0) == 3, "counted each second time, found the time after"


def test_what_is_in_use_is_not_looked_at_again() -> None:
    assert collections_until_found(in_use=10**9) is None


def collections_until_found(in_use: int) -> int | None:
    """Of a cycle that became garbage after it was set aside."""
    with small_portions(0, in_use=in_use):
        cycle = Cycle()
        gone = weakref.ref(cycle)
        gc.collect()
        del cycle
        for number in range(2, 12):
            gc.collect()
            if gone() is None:
                return number
    return None


def test_a_full_collection_is_asked_for_long_before_python_would() -> None:
    with small_portions(10**9) as asked:
        gc.collect()
        kept = [[number] for number in range(60_000)]
        assert len(asked) == 1, "and once, until it was"
        gone = weakref.ref(Cycle())
        asked.pop()()
        assert gone() is None
        assert gc.get_count()[2] == 0
        assert len(kept) == 60_000


def test_nobody_who_is_waited_for_looks_at_everything() -> None:
    with small_portions(0, may_take_long=False):
        for _ in range(4):
            gc.collect()
            assert gc.get_freeze_count() > 0
