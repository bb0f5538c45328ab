"""What one load gave: how much in how long, and how long each took."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Attributes:
    rate: commits a second.
    failed: writes that were not committed; they count in no other number.
    """

    outstanding: int
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int = 0


def measured(
    outstanding: int, latencies_s: Sequence[float], seconds: float, failed: int = 0
) -> Measured:
    if not latencies_s:
        return Measured(outstanding, 0.0, float("nan"), float("nan"), failed)
    rate = len(latencies_s) / seconds
    return Measured(
        outstanding,
        round(rate, 1),
        round(percentile(latencies_s, 50) * 1000, 3),
        round(percentile(latencies_s, 99) * 1000, 3),
        failed,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: always one of the values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_of(rounds: Sequence[Measured]) -> Measured:
    """Of several runs of the same load: each number's median."""
    return Measured(
        rounds[0].outstanding,
        round(statistics.median(each.rate for each in rounds), 1),
        round(statistics.median(each.p50_ms for each in rounds), 3),
        round(statistics.median(each.p99_ms for each in rounds), 3),
        sum(each.failed for each in rounds),
    )
