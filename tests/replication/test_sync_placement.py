from itertools import product

import pytest

from replication.engine.sync_placement import SyncPlacement

FAST_S = 0.0003
SLOW_S = 0.002
HICCUP_S = 0.3
NAMES = "abcde"


def placement(name: str = "a") -> SyncPlacement:
    return SyncPlacement(name)


def after(*durations_s: float) -> SyncPlacement:
    known = placement()
    for duration_s in durations_s:
        known.synced(duration_s)
    return known


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_disk_that_hangs_for_ever_costs_no_leader_its_quorum(size: int) -> None:
    """Whoever leads, and whoever is connected with whom: who may hang is not the leader, and
    without it the leader still hears a quorum."""
    names = NAMES[:size]
    fast = {name: placement(name) for name in names}
    for each in fast.values():
        for _ in range(15):
            each.synced(FAST_S)
    for leader, are_up in product(names, product([False, True], repeat=size)):
        up = {name for name, is_up in zip(names, are_up, strict=True) if is_up} | {leader}
        may_hang = {name for name in up if fast[name].is_on_loop(leader, names, up - {name})}
        assert leader not in may_hang
        had_a_quorum = 2 * len(up) > size
        assert not had_a_quorum or 2 * len(up - may_hang) > size


def test_of_three_that_are_there_one_follower_syncs_on_its_loop() -> None:
    fast = {name: placement(name) for name in "abc"}
    for each in fast.values():
        for _ in range(15):
            each.synced(FAST_S)
    on_loop = {
        leader: [
            name for name in "abc" if fast[name].is_on_loop(leader, "abc", set("abc") - {name})
        ]
        for leader in "abc"
    }
    assert on_loop == {"a": ["b"], "b": ["a"], "c": ["a"]}


def test_who_follows_nobody_leaves_it_to_the_thread() -> None:
    assert not after(*[FAST_S] * 15).is_on_loop(None, "abc", {"b", "c"})


def test_a_disk_of_which_little_is_known_is_not_fast() -> None:
    assert not after(*[FAST_S] * 14).is_fast
    assert after(*[FAST_S] * 15).is_fast


def test_a_slow_disk_is_not_fast_and_some_slow_syncs_change_nothing() -> None:
    assert not after(*[SLOW_S] * 2_000).is_fast
    assert not after(*[FAST_S] * 2_000, *[SLOW_S] * 8).is_fast
    assert after(*[FAST_S] * 2_000, *[SLOW_S] * 7).is_fast


def test_one_hiccup_is_enough_and_is_remembered_for_long() -> None:
    known = after(*[FAST_S] * 15, HICCUP_S)
    for _ in range(999):
        known.synced(FAST_S)
        assert not known.is_fast
    known.synced(FAST_S)
    assert known.is_fast
