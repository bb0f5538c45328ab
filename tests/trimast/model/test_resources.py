"""Resources: exact, normalised, and never less than nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimast.model.resources import NOTHING, Resources, milli_text, total_of

_names = st.sampled_from(["cpus", "mem", "disk", "gpus"])
_spans = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1]))
amounts = st.builds(
    Resources.of,
    st.dictionaries(_names, st.integers(0, 5_000), max_size=3),
    st.dictionaries(st.just("ports"), st.lists(_spans, max_size=4), max_size=1),
    st.dictionaries(st.just("zones"), st.lists(st.sampled_from("abcd"), max_size=3), max_size=1),
)
scalars = st.builds(Resources.of, st.dictionaries(_names, st.integers(0, 5_000), max_size=3))


def ports(*spans: tuple[int, int]) -> Resources:
    return Resources.of(ranges={"ports": spans})


def test_equal_amounts_are_equal_values() -> None:
    assert ports((5, 9), (1, 4)) == ports((1, 9)) == ports((1, 6), (3, 9))
    assert Resources.of({"cpus": 0}, {"ports": []}, {"zones": []}) == NOTHING


def test_taking_from_the_middle_leaves_both_ends() -> None:
    assert ports((1, 10)) - ports((4, 5)) == ports((1, 3), (6, 10))


def test_taking_more_than_there_is_fails() -> None:
    with pytest.raises(AssertionError):
        Resources.of({"cpus": 1}) - Resources.of({"cpus": 2})
    with pytest.raises(AssertionError):
        ports((1, 3)) - ports((3, 4))


def test_amounts_are_written_as_people_write_them() -> None:
    amount = Resources.of({"cpus": 1_500, "mem": 64_000}, {"ports": [(1, 2)]}, {"zones": "ab"})
    assert str(amount) == "cpus:1.5;mem:64;ports:[1-2];zones:{a,b}"
    assert [milli_text(milli) for milli in (1, 10, 1_000, 1_250)] == ["0.001", "0.01", "1", "1.25"]


@given(amounts, scalars)
def test_what_is_added_can_be_taken_away(amount: Resources, more: Resources) -> None:
    assert (amount + more).covers(more)
    assert (amount + more) - more == amount


@given(amounts)
def test_everything_covers_itself_and_leaves_nothing(amount: Resources) -> None:
    assert amount.covers(amount)
    assert amount - amount == NOTHING
    assert amount.covers(NOTHING)


@given(st.lists(scalars, max_size=5))
def test_the_order_of_a_sum_does_not_matter(parts: list[Resources]) -> None:
    assert total_of(parts) == total_of(reversed(parts))
