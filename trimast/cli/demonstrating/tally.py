"""What the counting processes wrote down themselves: who ran, how often, and the sum."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Attributes:
        begun, ended: how often each task began and ended.
        words: the sum of what all of them counted.
    """

    begun: Counter[str]
    ended: Counter[str]
    words: int

    @property
    def ran_exactly_once(self) -> int:
        return sum(times == 1 and self.ended[name] == 1 for name, times in self.begun.items())


def read_tally(ledger: Path) -> Tally:
    begun, ended, words = Counter[str](), Counter[str](), 0
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []
    for line in lines:
        what, name, *rest = line.split()
        if what == "began":
            begun[name] += 1
        else:
            ended[name] += 1
            words += int(rest[1])
    return Tally(begun, ended, words)
