"""Keeps Python's search for garbage short in a process that holds millions of objects.

A full collection looks at every object that can be part of a cycle, and holds up the event loop
for so long: seconds with a million tasks. But a registry has no cycles, and what it drops goes at
once. So there are many small full collections, and what each of them leaves is set aside
(`gc.freeze`): the next one looks only at what came since.

What is set aside and becomes a garbage cycle later stays. That is little: of what was under way in
the moment of a collection. When far more is set aside than is known to be in use, a full collection
looks at everything again, as soon as nobody waits for this process.
"""

import gc
from collections.abc import Callable
from typing import Final

_SET_ASIDE_MIN: Final = 2_000_000
"""Objects; up to here all is cheaper kept than looked at."""
_COUNTED_EVERY: Final = 4_096
_PORTION: Final = 3
"""Collections of the middle generation before a full one: some 20 000 objects, and milliseconds.
Python alone waits until a quarter of all objects are new."""


class _Collecting:
    def __init__(
        self,
        *,
        soon: Callable[[Callable[[], int]], object],
        in_use: Callable[[], int],
        may_take_long: Callable[[], bool],
        set_aside_min: int,
        counted_every: int,
    ) -> None:
        self._counted_every = counted_every
        self._collections = 0
        self._soon = soon
        self._in_use = in_use
        self._may_take_long = may_take_long
        self._set_aside_min = set_aside_min
        self._is_asked = False

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase != "stop":
            return
        if info["generation"] == 2:
            self._set_aside()
        elif gc.get_count()[2] >= _PORTION:
            self._ask()

    def _ask(self) -> None:
        if not self._is_asked:
            self._is_asked = True
            self._soon(self._collect)

    def _collect(self) -> int:
        self._is_asked = False
        return gc.collect()

    def _set_aside(self) -> None:
        gc.freeze()
        self._collections += 1
        if self._collections >= self._counted_every and self._may_take_long():
            # To count them is to go through all of them: a tenth of a second with ten millions.
            self._collections = 0
            if gc.get_freeze_count() > self._set_aside_min + 2 * self._in_use():
                # The next one looks at everything, and then all that is left is set aside again. At
                # once: who leads by the time it would come anyway has no time for it.
                gc.unfreeze()
                self._ask()


def collect_in_small_portions(
    *,
    soon: Callable[[Callable[[], int]], object],
    in_use: Callable[[], int] = lambda: 0,
    may_take_long: Callable[[], bool] = lambda: True,
    set_aside_min: int = _SET_ASIDE_MIN,
    counted_every: int = _COUNTED_EVERY,
) -> Callable[[], None]:
    """For the whole process, from now on. Returns what ends it.

    Args:
        soon: calls what it is given in a moment; from any thread.
        in_use: objects that are held for good reason, roughly.
        may_take_long: whether a look at everything, of seconds perhaps, would harm nobody now.
        set_aside_min: objects; fewer are never looked at again.
        counted_every: collections, after which what is set aside is counted.
    """
    callback = _Collecting(
        soon=soon,
        in_use=in_use,
        may_take_long=may_take_long,
        set_aside_min=set_aside_min,
        counted_every=counted_every,
    )
    # What a start has made, from a snapshot perhaps, is set aside as it is: to look at it once
    # would take seconds, just when others wait for this process to lead them.
    gc.freeze()
    gc.callbacks.append(callback)

    def end() -> None:
        gc.callbacks.remove(callback)
        gc.unfreeze()

    return end
