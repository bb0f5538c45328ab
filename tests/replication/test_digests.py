"""Who is to stop when states differ: the outvoted, and where nobody has a majority, who follows."""

import pytest

from replication.engine.digests import DIGESTS_KEPT, Digests, StateDiverged

A, B, C = b"a-state", b"b-state", b"c-state"


def digests_of_b(*said: tuple[str, int, bytes], peers: str = "ac") -> Digests:
    digests = Digests("b", peers)
    for name, index, digest in said:
        digests.note(name, index, digest)
    return digests


def test_replicas_that_agree_go_on() -> None:
    digests_of_b(("a", 10, A), ("b", 10, A), ("c", 10, A)).check(10, "a")


def test_what_others_hold_says_nothing_before_the_own_state_is_known() -> None:
    digests_of_b(("a", 10, A), ("c", 10, A), ("b", 20, B)).check(10, "a")


@pytest.mark.parametrize("leader", ["a", "b", "c", None])
def test_a_replica_that_is_outvoted_stops_and_says_what_to_do(leader: str | None) -> None:
    digests = digests_of_b(("a", 10, A), ("b", 10, B), ("c", 10, A))
    with pytest.raises(StateDiverged) as raised:
        digests.check(10, leader)
    text = str(raised.value)
    assert "after entry 10" in text
    assert A.hex() in text
    assert B.hex() in text
    assert "Keep this data directory" in text


@pytest.mark.parametrize("leader", ["a", "b", "c", None])
def test_a_majority_goes_on_even_against_its_leader(leader: str | None) -> None:
    said = [(name, index, state) for index in (10, 20) for name, state in (("a", A), ("b", B))]
    digests_of_b(*said, ("c", 10, B), ("c", 20, B)).check(20, leader)


def test_of_two_that_are_alive_the_follower_stops_the_second_time() -> None:
    digests = digests_of_b(("a", 10, A), ("b", 10, B))
    digests.check(10, "a")
    digests.note("a", 20, A)
    digests.note("b", 20, B)
    digests.check(20, "b")
    with pytest.raises(StateDiverged, match=r"after entry 20 .* the leader a holds"):
        digests.check(20, "a")


def test_a_doubt_that_a_third_has_settled_does_not_count() -> None:
    digests = digests_of_b(("a", 10, A), ("b", 10, B), ("c", 10, B))
    digests.note("a", 20, A)
    digests.note("b", 20, B)
    digests.check(20, "a")


def test_two_of_five_are_no_majority() -> None:
    digests = digests_of_b(("a", 10, A), ("b", 10, B), ("c", 10, A), peers="acde")
    digests.check(10, "a")
    digests.note("d", 10, A)
    with pytest.raises(StateDiverged):
        digests.check(10, "a")


def test_all_different_stops_those_who_follow() -> None:
    said = [(n, i, s) for i in (10, 20) for n, s in (("a", A), ("b", B), ("c", C))]
    digests = digests_of_b(*said)
    digests.check(20, "b")
    with pytest.raises(StateDiverged):
        digests.check(20, "c")


def test_only_the_last_are_kept() -> None:
    digests = Digests("b", "ac")
    for index in range(2, 100):
        digests.note("a", index, A)
        digests.note("b", index, A)
    assert len(digests.own()) == DIGESTS_KEPT
    assert digests.others_at(99) == {"a": A}
    assert digests.others_at(99 - DIGESTS_KEPT) == {}


def test_what_is_said_twice_is_no_news() -> None:
    digests = Digests("b", "ac")
    assert [digests.note("a", 5, each) for each in (A, A, B)] == [True, False, True]
