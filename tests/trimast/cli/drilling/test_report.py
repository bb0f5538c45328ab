"""What a drill adds up to."""

import pytest

from trimast.cli.drilling.report import (
    AgentTrial,
    Trial,
    agent_summary_of,
    nearest_rank,
    summary_of,
)


def test_a_summary_has_medians_worst_cases_and_sums() -> None:
    trials = [
        Trial(0.1, commit_s, commit_s + 0.5, *touched)
        for commit_s, touched in ((0.3, (1, 0, 0)), (0.1, (0, 0, 2)), (0.2, (0, 0, 0)))
    ]
    assert summary_of(trials) == {
        "commit_p50_s": 0.2,
        "commit_p99_s": 0.3,
        "offer_p50_s": 0.7,
        "offer_p99_s": 0.8,
        "lost": 1,
        "doubled": 0,
        "restarted": 2,
    }


def test_a_summary_of_agents_too() -> None:
    trials = [AgentTrial(back_s, 0, 1, 0) for back_s in (0.3, 0.1, 0.2)]
    assert agent_summary_of(trials) == {
        "back_p50_s": 0.2,
        "back_p99_s": 0.3,
        "lost": 0,
        "doubled": 3,
        "restarted": 0,
    }


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_rank_is_one_of_the_values(part: float, value: int) -> None:
    assert nearest_rank([float(n) for n in range(100, 0, -1)], part) == value
