"""The checker says yes and no where it must: small histories, recorded ones, and all small ones."""

import itertools
from collections.abc import Sequence
from random import Random

import pytest

from tests.simulation.linearizability.checker import (
    REFUTED,
    Operation,
    SearchTooLong,
    is_linearizable,
)
from tests.simulation.linearizability.models import (
    Append,
    CompareAndSet,
    Read,
    Register,
    Text,
    Write,
)
from tests.simulation.linearizability.recorded import (
    history_of_register,
    history_of_texts,
    verdicts,
)


def write(called: float, returned: float | None, value: int, key: str = "k") -> Operation:
    return Operation(called, returned, Write(value), None, key)


def read(called: float, returned: float, told: int | None, key: str = "k") -> Operation:
    return Operation(called, returned, Read(), told, key)


GOOD: dict[str, list[Operation]] = {
    "nothing": [],
    "in sequence": [write(0, 1, 1), read(2, 3, 1), write(4, 5, 2), read(6, 7, 2)],
    "a read during a write sees the old": [write(0, 9, 1), read(1, 2, None)],
    "a read during a write sees the new": [write(0, 9, 1), read(1, 2, 1)],
    "an unknown write that was seen": [write(0, None, 1), read(5, 6, 1)],
    "an unknown write that never was": [write(0, None, 1), read(5, 6, None), read(7, 8, None)],
    "an unknown write that came late": [write(0, None, 1), read(5, 6, None), read(7, 8, 1)],
    "keys apart": [write(0, 1, 1, "a"), write(2, 3, 2, "b"), read(4, 5, 1, "a")],
    "told at the moment of the next call": [write(0, 1, 1), read(1, 2, None)],
}
BAD: dict[str, list[Operation]] = {
    "a stale read": [write(0, 1, 1), write(2, 3, 2), read(4, 5, 1)],
    "a lost write": [write(0, 1, 1), read(2, 3, None)],
    "a read from nowhere": [read(0, 1, 7)],
    "back to the old": [write(0, 9, 1), read(1, 2, 1), read(3, 4, None)],
    "an unknown write comes and goes": [write(0, None, 1), read(1, 2, 1), read(3, 4, None)],
    "an unknown write before its call": [read(0, 1, 1), write(2, None, 1)],
    "two see two orders": [
        *(write(0, 1, 1), write(0, 1, 2)),
        *(read(2, 3, 1), read(4, 5, 2), read(6, 7, 1)),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    assert is_linearizable(Register(), GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str) -> None:
    assert not is_linearizable(Register(), BAD[name])


def test_texts() -> None:
    add_a = Operation(0, 3, Append("a"))
    add_b = Operation(1, 4, Append("b"))
    for told, verdict in (("ab", True), ("ba", True), ("a", False), ("abb", False)):
        history = [add_a, add_b, Operation(5, 6, Read(), told)]
        assert is_linearizable(Text(), history) is verdict


@pytest.mark.parametrize("name", verdicts())
def test_recorded_histories(name: str) -> None:
    if name.startswith("kv"):
        assert is_linearizable(Text(), history_of_texts(name)) is verdicts()[name]
    else:
        assert is_linearizable(Register(), history_of_register(name)) is verdicts()[name]


def test_a_search_that_takes_too_long_gives_no_verdict() -> None:
    with pytest.raises(SearchTooLong):
        is_linearizable(Register(), BAD["two see two orders"], steps_max=5)


def is_explained(history: Sequence[Operation]) -> bool:
    """By trying every order of every choice of what nobody was told of."""
    told = [each for each in history if each.returned is not None]
    untold = [each for each in history if each.returned is None]
    choices = itertools.chain.from_iterable(
        itertools.combinations(untold, count) for count in range(len(untold) + 1)
    )
    return any(
        _is_in_order(order) and _is_possible(order)
        for chosen in choices
        for order in itertools.permutations([*told, *chosen])
    )


def _is_in_order(order: Sequence[Operation]) -> bool:
    return not any(
        later.returned is not None and later.returned < earlier.called
        for earlier, later in itertools.combinations(order, 2)
    )


def _is_possible(order: Sequence[Operation]) -> bool:
    register = Register()
    state = register.initial
    for operation in order:
        state = register.step(state, operation)
        if state is REFUTED:
            return False
    return True


def random_history(random: Random) -> list[Operation]:
    history: list[Operation] = []
    for _ in range(random.randint(1, 5)):
        called = random.randrange(12)
        returned = None if random.random() < 0.25 else called + random.randint(0, 6)
        value = random.randrange(3)
        kind = random.randrange(3)
        if kind == 0:
            history.append(Operation(called, returned, Read(), value or None))
        elif kind == 1:
            history.append(Operation(called, returned, Write(value or None)))
        else:
            asked = CompareAndSet(random.randrange(3) or None, value or None)
            told = None if returned is None else random.random() < 0.5
            history.append(Operation(called, returned, asked, told))
    return history


def test_it_agrees_with_trying_every_order() -> None:
    counts = {True: 0, False: 0}
    for seed in range(1500):
        history = random_history(Random(seed))
        verdict = is_explained(history)
        counts[verdict] += 1
        assert is_linearizable(Register(), history) is verdict, (seed, history)
    assert min(counts.values()) > 200
