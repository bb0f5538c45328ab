"""Who gets what: the least served first, and only what they want."""

from fractions import Fraction

from master.allocator.allocating import allocate
from master.allocator.dominant_share import dominant_share
from master.allocator.refusals import Refusals
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resources import NOTHING, Resources

A1, A2 = AgentId("a1"), AgentId("a2")
F1, F2 = FrameworkId("f1"), FrameworkId("f2")
NODE = Resources.of({"cpus": 9_000, "mem": 18_000_000})
CLUSTER = NODE + NODE


def test_the_dominant_share_is_the_largest_part_of_any_resource() -> None:
    # The example of the paper: of 9 cpus and 18 GB, A runs three tasks of <1 cpu, 4 GB>.
    held = Resources.of({"cpus": 3_000, "mem": 12_000_000})
    assert dominant_share(held, NODE) == Fraction(2, 3)
    assert dominant_share(NOTHING, NODE) == 0
    assert dominant_share(Resources.of({"gpus": 1_000}), NODE) == 0


def test_the_next_agent_goes_to_whoever_has_less_now() -> None:
    rows = allocate([(A1, NODE), (A2, NODE)], {F1: NOTHING, F2: NOTHING}, CLUSTER, Refusals(), 0)
    assert rows == [(A1, F1, NODE), (A2, F2, NODE)]


def test_who_holds_more_waits() -> None:
    rows = allocate([(A1, NODE)], {F1: NODE, F2: NOTHING}, CLUSTER, Refusals(), 0)
    assert rows == [(A1, F2, NODE)]


def test_what_nobody_wants_is_kept() -> None:
    refusals = Refusals()
    refusals.suppress(F1)
    refusals.refuse(F2, A1, NODE, until_ms=100)
    held = {F1: NOTHING, F2: NOTHING}
    assert allocate([(A1, NODE)], held, CLUSTER, refusals, now_ms=99) == []
    assert allocate([(A1, NODE)], held, CLUSTER, refusals, now_ms=100) == [(A1, F2, NODE)]
