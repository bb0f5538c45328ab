"""What a drill found, as programs read it."""

import math
from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class AgentTrial:
    """One agent killed, and started again at once: until it serves again."""

    kill_to_back_s: float
    tasks_lost: int
    tasks_doubled: int
    tasks_restarted: int


def agent_summary_of(trials: Sequence[AgentTrial]) -> dict[str, float | int]:
    backs = [trial.kill_to_back_s for trial in trials]
    return {
        "back_p50_s": round(median(backs), 6),
        "back_p99_s": nearest_rank(backs, 0.99),
        **_touched(trials),
    }


def summary_of(trials: Sequence[Trial]) -> dict[str, float | int]:
    commits = [trial.kill_to_commit_s for trial in trials]
    offers = [trial.kill_to_offer_s for trial in trials]
    return {
        "commit_p50_s": round(median(commits), 6),
        "commit_p99_s": nearest_rank(commits, 0.99),
        "offer_p50_s": round(median(offers), 6),
        "offer_p99_s": nearest_rank(offers, 0.99),
        **_touched(trials),
    }


def nearest_rank(values: Sequence[float], part: float) -> float:
    """The smallest of `values` that at least `part` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def _touched(trials: Sequence[Trial] | Sequence[AgentTrial]) -> dict[str, int]:
    return {
        "lost": sum(trial.tasks_lost for trial in trials),
        "doubled": sum(trial.tasks_doubled for trial in trials),
        "restarted": sum(trial.tasks_restarted for trial in trials),
    }
