"""Random trouble for clusters that write snapshots all the time, and send them to each other.

SNAPSHOT_SEEDS=500 runs more seeds than usual; SEED=7 runs that one alone.
"""

import os
from typing import Any

import pytest

from tests.simulation.raft.nemesis import Story
from tests.simulation.raft.profiles import PROFILES
from tests.simulation.raft.world import simulated

SEEDS = int(os.environ.get("SNAPSHOT_SEEDS", "80"))
SEED = os.environ.get("SEED")
SETTINGS: dict[str, Any] = {
    "snapshot_after_entries": 50,
    "snapshot_retry_ms": 500,
    "trailing_entries": 5,
    "transfer_chunk_bytes": 16 * 1024,
}
runs: list[tuple[int, int]] = []


def seeds() -> list[int]:
    return list(range(SEEDS)) if SEED is None else [int(SEED)]


@pytest.mark.parametrize("seed", seeds())
def test_a_cluster_in_trouble_keeps_its_promises_with_snapshots(seed: int) -> None:
    names = "abcde" if seed % 12 == 11 else "abc"
    under_way = 1 if seed % 2 else 64
    profile = {3: "members", 4: "reorder"}.get(seed % 5, "mixed")
    with simulated(seed, names, entries_under_way_max=under_way, **SETTINGS) as world:
        if profile == "members":
            world.add_spares("de" if len(names) == 3 else "f")
        faults = ("full_disk", "rot") if profile == "members" else ("full_disk", "full_disk")
        Story(world, trouble_s=15.0, profile=PROFILES[profile], more_faults=faults).tell()
    runs.append((world.ledger.captures, len(world.ledger.installs)))


@pytest.mark.parametrize("seed", [21, 36])
def test_a_transfer_that_nobody_speaks_of_any_more_goes_on(seed: int) -> None:
    """The leader took all for written, and was not told when it was thrown away."""
    under_way = 1 if seed % 2 else 64
    with simulated(seed, entries_under_way_max=under_way, **SETTINGS) as world:
        faults = ("full_disk", "full_disk")
        Story(world, trouble_s=15.0, profile=PROFILES["reorder"], more_faults=faults).tell()


@pytest.mark.skipif(SEED is not None, reason="one run says nothing about all")
def test_the_runs_were_worth_it() -> None:
    captures, installs = map(sum, zip(*runs, strict=True))
    assert captures > 5 * len(runs)
    assert installs > len(runs)
