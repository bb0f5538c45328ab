"""A peer that shows less than it promised here is an old copy; one that shows as much is not."""

from dataclasses import replace

import pytest

from replication.engine.messages import Body, Envelope, Heartbeat, Matched, Standing, Vote
from replication.engine.promises import Promises

MET = Standing(2, "b1", life=3, incarnation=1, term=5, voted_for="", last_index=10)
ORDINARY = Standing(2, "b1", life=4, incarnation=2, term=5, voted_for="", last_index=10)


def promises(*said: tuple[int, Body]) -> Promises:
    """Of replica `a`, which met `b`, and heard of it what it said in which term."""
    known = Promises("a")
    known.note_standing("b", MET)
    for term, body in said:
        known.note("b", Envelope(term, 0, body))
    return known


def test_a_restart_forgets_nothing() -> None:
    assert not promises().are_forgotten("b", ORDINARY)
    assert not promises((5, Matched(11))).are_forgotten("b", ORDINARY)


def test_nothing_is_known_of_who_was_never_met() -> None:
    assert not Promises("a").are_forgotten("b", ORDINARY)


@pytest.mark.parametrize(
    "shown",
    [
        replace(ORDINARY, configuration=1, term=9, last_index=99),
        replace(ORDINARY, term=4, last_index=99),
        replace(ORDINARY, last_index=10),
    ],
)
def test_who_shows_less_than_it_promised_has_forgotten(shown: Standing) -> None:
    known = promises((5, Matched(12)))
    assert known.are_forgotten("b", shown)
    assert not known.are_forgotten("b", replace(shown, disk_id="b2")), "another disk owes nothing"


def test_a_vote_given_here_is_remembered() -> None:
    known = promises((6, Vote()))
    assert known.are_forgotten("b", replace(ORDINARY, term=6))
    assert known.are_forgotten("b", replace(ORDINARY, term=6, voted_for="c"))
    assert not known.are_forgotten("b", replace(ORDINARY, term=6, voted_for="a"))
    # Of a later term nothing was promised here.
    assert not known.are_forgotten("b", replace(ORDINARY, term=7, voted_for="c"))


def test_what_was_matched_in_an_older_term_may_be_cut_by_a_later_leader() -> None:
    known = promises((5, Matched(12)), (6, Heartbeat(1)))
    assert not known.are_forgotten("b", replace(ORDINARY, term=6, last_index=3))


def test_what_comes_late_of_an_older_term_counts_for_nothing() -> None:
    known = promises((6, Heartbeat(1)), (5, Matched(12)))
    assert not known.are_forgotten("b", replace(ORDINARY, term=6, last_index=3))


def test_the_most_that_was_matched_counts() -> None:
    known = promises((5, Matched(12)), (5, Matched(9)))
    assert known.are_forgotten("b", replace(ORDINARY, last_index=10))
    assert not known.are_forgotten("b", replace(ORDINARY, last_index=11))


def test_a_later_configuration_begins_with_nothing_promised() -> None:
    known = promises((5, Matched(12)))
    later = replace(ORDINARY, configuration=3, term=1, last_index=4)
    assert not known.are_forgotten("b", later)
    known.note_standing("b", later)
    assert known.are_forgotten("b", ORDINARY)
    assert not known.are_forgotten("b", later)


def test_a_session_begun_anew_takes_nothing_back() -> None:
    known = promises((5, Matched(12)))
    known.note_standing("b", replace(ORDINARY, last_index=11))
    assert known.are_forgotten("b", replace(ORDINARY, last_index=10))
