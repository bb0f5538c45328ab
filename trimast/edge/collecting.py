"""Keeps Python's search for garbage short in a process that holds millions of objects.

A full collection looks at every object that can be part of a cycle, and holds up the event loop
for so long: about two seconds with a million tasks. But a registry has no cycles, and what it
drops goes at once. So after each full collection what is left is set aside (`gc.freeze`), and the
next one looks only at what came since.

What is set aside and becomes a garbage cycle later stays. That is little: of what was under way in
the moment of a collection. When twice as much is set aside as after the last look at everything,
the next full collection looks at everything again.
"""

import gc
from collections.abc import Callable
from typing import Final

_SET_ASIDE_MIN: Final = 2_000_000
"""Objects; up to here all is cheaper kept than looked at."""


class _Collecting:
    def __init__(self, set_aside_min: int) -> None:
        self._limit = self._set_aside_min = set_aside_min
        self._looked_at_everything = False

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase != "stop" or info["generation"] != 2:
            return
        if gc.get_freeze_count() > self._limit:
            gc.unfreeze()
            self._looked_at_everything = True
            return
        gc.freeze()
        if self._looked_at_everything:
            self._looked_at_everything = False
            self._limit = max(self._set_aside_min, 2 * gc.get_freeze_count())


def collect_in_small_portions(*, set_aside_min: int = _SET_ASIDE_MIN) -> Callable[[], None]:
    """For the whole process, from now on. Returns what ends it."""
    callback = _Collecting(set_aside_min)
    gc.callbacks.append(callback)

    def end() -> None:
        gc.callbacks.remove(callback)
        gc.unfreeze()

    return end
