"""Filters and suppression."""

from master.allocator.refusals import Refusals
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resources import Resources

A1, F1 = AgentId("a1"), FrameworkId("f1")
SOME = Resources.of({"cpus": 1_000})
MORE = Resources.of({"cpus": 1_001})


def test_a_filter_holds_back_as_much_as_was_refused_until_its_time() -> None:
    refusals = Refusals()
    refusals.refuse(F1, A1, SOME, until_ms=50)
    assert not refusals.wants(F1, A1, SOME, now_ms=49)
    assert refusals.wants(F1, A1, MORE, now_ms=49)
    assert refusals.wants(F1, A1, SOME, now_ms=50)
    assert refusals.wants(F1, AgentId("a2"), SOME, now_ms=0)


def test_filters_that_are_over_are_dropped() -> None:
    refusals = Refusals()
    refusals.refuse(F1, A1, SOME, until_ms=50)
    assert refusals.next_end_ms() == 50
    assert not refusals.drop_passed(49)
    assert refusals.drop_passed(50)
    assert (refusals.filters, refusals.next_end_ms()) == ({}, None)


def test_reviving_lifts_both() -> None:
    refusals = Refusals()
    refusals.refuse(F1, A1, SOME, until_ms=50)
    refusals.suppress(F1)
    assert not refusals.wants(F1, A1, MORE, now_ms=0)
    refusals.revive(F1)
    assert refusals.wants(F1, A1, SOME, now_ms=0)
