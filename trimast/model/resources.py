"""An amount of machine. Integers, so that sums are exact and every master agrees on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeVar

SCALAR_MILLI_MAX: Final = 10**15
RANGE_END_MAX: Final = 2**63 - 1

Span = tuple[int, int]
"""First and last number of a range, both included."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Never negative: taking more than there is raises `AssertionError`.

    Normalised, so that equal amounts are equal values: sorted by name, nothing empty, spans
    sorted, merged and apart. Build it with `of` unless it is known to be so.

    Attributes:
        scalars: name and thousandths; ("cpus", 1500) is a core and a half, ("mem", 64000) 64 MiB.
        ranges: name and the numbers it stands for, such as ports.
        sets: name and its items.
    """

    scalars: tuple[tuple[str, int], ...] = ()
    ranges: tuple[tuple[str, tuple[Span, ...]], ...] = ()
    sets: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(
        cls,
        scalars: Mapping[str, int] | None = None,
        ranges: Mapping[str, Iterable[Span]] | None = None,
        sets: Mapping[str, Iterable[str]] | None = None,
    ) -> Self:
        """Any amounts, normalised. Scalars in thousandths."""
        for name, milli in (scalars or {}).items():
            assert 0 <= milli <= SCALAR_MILLI_MAX, f"{name} is {milli} thousandths"
        spans = {name: _merged(given) for name, given in (ranges or {}).items()}
        items = {name: tuple(sorted(set(given))) for name, given in (sets or {}).items()}
        return cls(
            tuple(sorted((name, milli) for name, milli in (scalars or {}).items() if milli)),
            tuple(sorted((name, given) for name, given in spans.items() if given)),
            tuple(sorted((name, given) for name, given in items.items() if given)),
        )

    def scalar_milli(self, name: str) -> int:
        for known, milli in self.scalars:
            if known == name:
                return milli
        return 0

    @property
    def amounts(self) -> "Resources":
        """What can be summed over agents: no ranges and sets, and whoever it is reserved for."""
        if not any("(" in name for name, _ in self.scalars):
            return Resources(self.scalars)
        sums: dict[str, int] = {}
        for name, milli in self.scalars:
            name = name.partition("(")[0]  # See resource_kind.py.
            sums[name] = sums.get(name, 0) + milli
        return Resources.of(sums)

    @property
    def is_empty(self) -> bool:
        return not (self.scalars or self.ranges or self.sets)

    def __add__(self, other: "Resources") -> "Resources":
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        scalars = dict(self.scalars)
        for name, milli in other.scalars:
            scalars[name] = scalars.get(name, 0) + milli
        if not (self.ranges or self.sets or other.ranges or other.sets):
            return Resources(tuple(sorted(scalars.items())))
        return Resources.of(
            scalars,
            _joined(self.ranges, other.ranges),
            _joined(self.sets, other.sets),
        )

    def __sub__(self, other: "Resources") -> "Resources":
        assert self.covers(other), f"{self} does not cover {other}"
        scalars = dict(self.scalars)
        for name, milli in other.scalars:
            scalars[name] -= milli
        if not (other.ranges or other.sets):
            # Normalised before, and so it is still.
            left = tuple((name, milli) for name, milli in scalars.items() if milli)
            return Resources(left, self.ranges, self.sets)
        taken_spans, taken_items = dict(other.ranges), dict(other.sets)
        ranges = {n: _without(spans, taken_spans.get(n, ())) for n, spans in self.ranges}
        sets = {n: set(items) - set(taken_items.get(n, ())) for n, items in self.sets}
        return Resources.of(scalars, ranges, sets)

    def covers(self, wanted: "Resources") -> bool:
        scalars = dict(self.scalars)
        for name, milli in wanted.scalars:
            if scalars.get(name, 0) < milli:
                return False
        if not (wanted.ranges or wanted.sets):
            return True
        ranges, sets = dict(self.ranges), dict(self.sets)
        return all(
            _spans_cover(ranges.get(name, ()), spans) for name, spans in wanted.ranges
        ) and all(set(items) <= set(sets.get(name, ())) for name, items in wanted.sets)

    def __str__(self) -> str:
        parts = [f"{name}:{milli_text(milli)}" for name, milli in self.scalars]
        parts += [
            f"{name}:[{','.join(f'{first}-{last}' for first, last in spans)}]"
            for name, spans in self.ranges
        ]
        parts += [f"{name}:{{{','.join(items)}}}" for name, items in self.sets]
        return ";".join(parts) or "nothing"


NOTHING: Final = Resources()


def milli_text(milli: int) -> str:
    """Thousandths as people write them: 1500 is "1.5", 2000 is "2"."""
    whole, part = divmod(milli, 1000)
    return f"{whole}.{part:03}".rstrip("0") if part else str(whole)


def total_of(amounts: Iterable[Resources]) -> Resources:
    total = NOTHING
    for amount in amounts:
        total += amount
    return total


_T = TypeVar("_T")


def _joined(
    left: tuple[tuple[str, tuple[_T, ...]], ...], right: tuple[tuple[str, tuple[_T, ...]], ...]
) -> dict[str, tuple[_T, ...]]:
    joined = dict(left)
    for name, given in right:
        joined[name] = joined.get(name, ()) + given
    return joined


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sorted; spans that touch or overlap become one."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        assert 0 <= first <= last <= RANGE_END_MAX, f"range {first}-{last}"
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _spans_cover(spans: tuple[Span, ...], wanted: tuple[Span, ...]) -> bool:
    return all(
        any(first <= begin and end <= last for first, last in spans) for begin, end in wanted
    )


def _without(spans: tuple[Span, ...], taken: tuple[Span, ...]) -> Iterator[Span]:
    """What is left of `spans`; both normalised."""
    for first, last in spans:
        begin = first
        for taken_first, taken_last in taken:
            if taken_last < begin or taken_first > last:
                continue
            if begin < taken_first:
                yield begin, taken_first - 1
            begin = taken_last + 1
        if begin <= last:
            yield begin, last
