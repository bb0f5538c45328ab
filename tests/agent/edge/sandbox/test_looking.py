"""The quieter something is, the less often it is looked at, but never less than now and then."""

from pathlib import Path

from agent.edge.sandbox.looking import ROUNDS_MOST, Looking

QUIET, LOUD = Path("/quiet"), Path("/loud")


def looks(looking: Looking, rounds: int, loud_from: int = 0) -> dict[Path, list[int]]:
    """In which rounds each was looked at; one grows from some round on."""
    found: dict[Path, list[int]] = {QUIET: [], LOUD: []}
    for number in range(rounds):
        for place in looking.due([QUIET, LOUD]):
            found[place].append(number)
            grown = max(0, number - loud_from) if place == LOUD else 0
            looking.looked(place, grown)
    return found


def test_what_grows_is_looked_at_in_every_round() -> None:
    assert looks(Looking(), 20)[LOUD] == list(range(20))


def test_what_is_quiet_is_looked_at_ever_less_often_but_not_never() -> None:
    seen = looks(Looking(), 40)[QUIET]
    assert seen == [0, 1, 3, 7, 15, 23, 31, 39]
    assert seen[-1] - seen[-2] == ROUNDS_MOST


def test_what_was_quiet_and_grows_is_looked_at_in_every_round_from_then_on() -> None:
    seen = looks(Looking(), 40, loud_from=16)[LOUD]
    assert seen == [0, 1, 3, 7, 15, *range(23, 40)]


def test_what_is_gone_is_forgotten_and_new_when_it_comes_again() -> None:
    looking = Looking()
    looks(looking, 9)
    assert looking.due([QUIET, LOUD]) == [LOUD]
    assert looking.due([]) == []
    assert looking.due([QUIET, LOUD]) == [QUIET, LOUD]
