"""The bounds of a task's cgroup."""

import pytest

from agent.isolation.bounds import MEM_BYTES_MIN, BoundsRules, bounds_of
from agent.launcher.cgroups.contract import Bounds
from trimast.model.resources import Resources
from trimast.model.task import Limits

MIB = 1024 * 1024
RULES = BoundsRules(pids_max=100)
ONE_AND_A_HALF = Resources.of({"cpus": 1_500, "mem": 64_000})


def test_shares_follow_the_cores_and_memory_is_what_was_asked_for() -> None:
    assert bounds_of(ONE_AND_A_HALF, (), RULES) == Bounds(1536, None, 64 * MIB, 64 * MIB, 100)


def test_whoever_asks_for_next_to_nothing_gets_a_little() -> None:
    bounds = bounds_of(Resources.of({"cpus": 1}), (("cpus", 1),), RULES)
    assert bounds == Bounds(2, 1_000, MEM_BYTES_MIN, MEM_BYTES_MIN, 100)


@pytest.mark.parametrize(
    ("limits", "quota_us", "mem_bytes"),
    [
        ((("cpus", 2_000), ("mem", 128_000)), 200_000, 128 * MIB),
        ((("cpus", None), ("mem", None)), None, None),
        ((("mem", 65_500),), None, 65_500 * MIB // 1000),
    ],
)
def test_limits_are_ceilings(limits: Limits, quota_us: int | None, mem_bytes: int | None) -> None:
    bounds = bounds_of(ONE_AND_A_HALF, limits, RULES)
    assert bounds == Bounds(1536, quota_us, mem_bytes, 64 * MIB, 100)


@pytest.mark.parametrize(
    ("limits", "quota_us"),
    [((), 150_000), ((("cpus", 3_000),), 300_000), ((("cpus", None),), None)],
)
def test_an_agent_may_hold_each_to_what_it_asked_for(limits: Limits, quota_us: int | None) -> None:
    bounds = bounds_of(ONE_AND_A_HALF, limits, BoundsRules(enforce_cpu=True))
    assert bounds.cpu_quota_us == quota_us


def test_processes_may_be_without_bound() -> None:
    assert bounds_of(ONE_AND_A_HALF, (), BoundsRules(pids_max=0)).pids_max is None
