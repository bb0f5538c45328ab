"""A profile of one load, on stderr, for whoever makes the engine faster."""

import cProfile
import pstats
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LINES: Final = 45


@contextmanager
def profiled(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(_LINES)
