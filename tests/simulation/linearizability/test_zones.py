"""The quick way says what the search says."""

from random import Random

import pytest

from tests.simulation.linearizability.checker import Operation, is_linearizable
from tests.simulation.linearizability.models import Read, Register, Write
from tests.simulation.linearizability.test_checker import BAD, GOOD
from tests.simulation.linearizability.zones import fits_some_order


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    assert fits_some_order(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str) -> None:
    assert not fits_some_order(BAD[name])


def random_history(random: Random) -> list[Operation]:
    history: list[Operation] = []
    writes = random.randint(0, 4)
    for value in range(1, writes + 1):
        called = random.randrange(20)
        returned = None if random.random() < 0.25 else called + random.randint(0, 9)
        history.append(Operation(called, returned, Write(value)))
    for _ in range(random.randint(0, 5)):
        called = random.randrange(20)
        told = random.randint(0, writes) or None
        history.append(Operation(called, called + random.randint(0, 9), Read(), told))
    return history


def test_it_agrees_with_the_search() -> None:
    counts = {True: 0, False: 0}
    for seed in range(8000):
        history = random_history(Random(seed))
        verdict = is_linearizable(Register(), history)
        counts[verdict] += 1
        assert fits_some_order(history) is verdict, (seed, history)
    assert min(counts.values()) > 1000
