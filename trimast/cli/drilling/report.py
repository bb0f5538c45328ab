"""What a drill found, as programs read it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Trial:
    """One leader killed. Times count from the kill; tasks, those touched since the trial before."""

    kill_to_leader_s: float
    kill_to_commit_s: float
    kill_to_offer_s: float
    tasks_lost: int
    tasks_doubled: int
    tasks_restarted: int


def summary_of(trials: Sequence[Trial]) -> dict[str, float | int]:
    commits = [trial.kill_to_commit_s for trial in trials]
    offers = [trial.kill_to_offer_s for trial in trials]
    return {
        "commit_p50_s": round(median(commits), 6),
        "commit_p99_s": nearest_rank(commits, 0.99),
        "offer_p50_s": round(median(offers), 6),
        "offer_p99_s": nearest_rank(offers, 0.99),
        "lost": _total(trials, lambda trial: trial.tasks_lost),
        "doubled": _total(trials, lambda trial: trial.tasks_doubled),
        "restarted": _total(trials, lambda trial: trial.tasks_restarted),
    }


def nearest_rank(values: Sequence[float], part: float) -> float:
    """The smallest of `values` that at least `part` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def _total(trials: Sequence[Trial], count: Callable[[Trial], int]) -> int:
    return sum(count(trial) for trial in trials)
