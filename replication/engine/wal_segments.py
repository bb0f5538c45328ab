"""The files of the write-ahead log: which there are, and which nobody needs any more."""

from dataclasses import dataclass
from typing import Final

SUFFIX: Final = ".wal"


@dataclass(slots=True)
class _Segment:
    """Attributes:
    start: position of its first byte.
    last_index: of the newest entry that ever stood in it; 0 if all in it is void.
    """

    start: int
    last_index: int = 0

    @property
    def name(self) -> str:
        return f"{self.start:016x}{SUFFIX}"


class Segments:
    """Oldest first."""

    def __init__(self) -> None:
        self._all: list[_Segment] = []

    @property
    def is_empty(self) -> bool:
        return not self._all

    @property
    def newest_start(self) -> int:
        return self._all[-1].start if self._all else 0

    @property
    def oldest_start(self) -> int:
        return self._all[0].start if self._all else 0

    def begin(self, start: int) -> str:
        """The name of a new file."""
        self._all.append(_Segment(start))
        return self._all[-1].name

    def drop_newest(self) -> None:
        self._all.pop()

    def hold(self, index: int) -> None:
        self._all[-1].last_index = max(self._all[-1].last_index, index)

    def make_void(self) -> None:
        for segment in self._all:
            segment.last_index = 0

    def take_unneeded(self, keep_from: int, synced_position: int) -> list[str]:
        """Names of the oldest files that hold only entries before `keep_from`, and are followed by
        one that is on disk."""
        unneeded: list[str] = []
        while (
            len(self._all) > 1
            and self._all[0].last_index < keep_from
            and self._all[1].start < synced_position
        ):
            unneeded.append(self._all.pop(0).name)
        return unneeded
