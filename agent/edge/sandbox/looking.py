"""What is worth a look now: what was quiet at the last looks is looked at ever less often."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROUNDS_MOST: Final = 8
"""Whatever is quiet is looked at in one of so many rounds all the same."""


@dataclass(slots=True)
class _Rest:
    """
    Attributes:
        size: at the last look.
        rounds: between two looks.
        left: rounds until the next look.
    """

    size: int
    rounds: int = 1
    left: int = 0


class Looking:
    def __init__(self) -> None:
        self._rests: dict[Path, _Rest] = {}

    def due(self, places: Iterable[Path]) -> list[Path]:
        """Those of all that there are to be looked at in this round; what is not among them is
        forgotten."""
        rests: dict[Path, _Rest] = {}
        due: list[Path] = []
        for place in places:
            rest = self._rests.get(place)
            if rest is None:
                due.append(place)
                continue
            rests[place] = rest
            if rest.left:
                rest.left -= 1
            else:
                due.append(place)
        self._rests = rests
        return due

    def looked(self, place: Path, size: int) -> None:
        """At one that was due."""
        rest = self._rests.get(place)
        if rest is None:
            self._rests[place] = _Rest(size)
            return
        rest.rounds = min(ROUNDS_MOST, 2 * rest.rounds) if rest.size == size else 1
        rest.left = rest.rounds - 1
        rest.size = size
