"""Keeps Python's search for garbage short in a process that holds millions of objects.

A full collection looks at every object that can be part of a cycle, and holds up the event loop
for so long: about two seconds with a million tasks. But a registry has no cycles, and what it
drops goes at once. So after each full collection what is left is set aside (`gc.freeze`), and the
next one looks only at what came since.

What is set aside and becomes a garbage cycle later stays. That is little: of what was under way in
the moment of a collection. When twice as much is set aside as after the last look at everything,
a full collection looks at everything again, as soon as nobody waits for this process.
"""

import gc
from collections.abc import Callable
from typing import Final

_SET_ASIDE_MIN: Final = 2_000_000
"""Objects; up to here all is cheaper kept than looked at."""


class _Collecting:
    def __init__(self, set_aside_min: int, may_take_long: Callable[[], bool]) -> None:
        self._may_take_long = may_take_long
        self._limit = self._set_aside_min = set_aside_min
        self._looked_at_everything = False

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase != "stop" or info["generation"] != 2:
            return
        if gc.get_freeze_count() > self._limit and self._may_take_long():
            gc.unfreeze()
            self._looked_at_everything = True
            return
        gc.freeze()
        if self._looked_at_everything:
            self._looked_at_everything = False
            self._limit = max(self._set_aside_min, 2 * gc.get_freeze_count())


def collect_in_small_portions(
    *, set_aside_min: int = _SET_ASIDE_MIN, may_take_long: Callable[[], bool] = lambda: True
) -> Callable[[], None]:
    """For the whole process, from now on. Returns what ends it.

    Args:
        set_aside_min: objects; fewer are never looked at again.
        may_take_long: whether a look at everything, of seconds perhaps, would harm nobody now.
    """
    callback = _Collecting(set_aside_min, may_take_long)
    gc.callbacks.append(callback)

    def end() -> None:
        gc.callbacks.remove(callback)
        gc.unfreeze()

    return end
