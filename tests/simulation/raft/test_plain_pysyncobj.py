"""Why pysyncobj is not used as it is: the same trouble that our engine bears makes it lose writes.

The check of the checks: what is found here would be found in our engine too.
"""

import pytest

from tests.simulation.raft.nemesis import Story
from tests.simulation.raft.plain_pysyncobj import plain_world
from tests.simulation.raft.profiles import PROFILES
from tests.simulation.raft.replica import Violation

BROKEN = ("are lost", "applied another entry", "differ in the end")
"""Only what must never be. That it may not agree in time is another matter."""


def is_broken(profile: str, seed: int) -> str | None:
    with plain_world(seed) as world:
        try:
            Story(world, trouble_s=15.0, profile=PROFILES[profile]).tell()
        except Violation as violation:
            text = str(violation)
            return text if any(words in text for words in BROKEN) else None
    return None


@pytest.mark.parametrize(
    ("profile", "seeds"),
    [("blackouts", range(10)), ("power", range(25, 45)), ("reorder", range(10))],
)
def test_pysyncobj_alone_loses_what_it_acknowledged(profile: str, seeds: range) -> None:
    assert any(is_broken(profile, seed) for seed in seeds)
