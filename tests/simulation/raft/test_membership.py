"""Members come and go, and come back with another disk; nothing that was agreed is lost."""

import dataclasses
from collections.abc import Callable

import pytest

from replication.config import PeerAddress
from replication.membership import (
    ChangeOutcome,
    ChangeRefusalCause,
    ChangeRefused,
    MembershipChanged,
)
from replication.replicated_log import Committed
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated


def wait_for(world: World, outcomes: list[ChangeOutcome], *, within_s: float = 60.0) -> object:
    assert world.run(within_s, until=lambda: bool(outcomes)), "not answered"
    return outcomes[0]


def leader_of(world: World) -> Replica:
    assert world.run(10.0, until=lambda: world.leader() is not None), "nobody leads"
    leader = world.leader()
    assert leader is not None
    return leader


def commit(world: World, command: bytes) -> None:
    for _ in range(20):
        outcomes = world.propose(leader_of(world), command)
        assert world.run(15.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]
        if isinstance(outcomes[0], Committed):
            return
    raise AssertionError("nothing can be committed")


def change(world: World, *, add: str = "", remove: str = "") -> float:
    """Change members as an operator does, again until it is known. Returns the longest time
    without a leader that takes commands."""
    for _ in range(10):
        outcome = wait_for(world, world.change_members(leader_of(world), add=add, remove=remove))
        if isinstance(outcome, MembershipChanged):
            began_s = world.now_s
            leader_of(world)
            return world.now_s - began_s
    raise AssertionError("never known")


def members(world: World, name: str) -> str:
    return "".join(world.replicas[name].membership.configuration.members)


def have_all(world: World, names: str) -> Callable[[], bool]:
    return lambda: all(
        world.replicas[n].is_up and world.ledger.acknowledged == world.replicas[n].state
        for n in names
    )


def test_one_becomes_three_becomes_five_becomes_three() -> None:
    with simulated(1, "a") as world:
        commit(world, b"alone")
        for name in "bcde":
            world.add(name, "abcde").start()
        pauses_s = [change(world, add="bc")]
        commit(world, b"three")
        pauses_s.append(change(world, add="de"))
        commit(world, b"five")
        assert members(world, leader_of(world).name) == "abcde"
        pauses_s.append(change(world, remove="ab"))
        commit(world, b"three again")
        assert leader_of(world).name in "cde"
        assert members(world, "c") == "cde"
        assert world.run(5.0, until=have_all(world, "cde"))
        assert world.ledger.acknowledged == [b"alone", b"three", b"five", b"three again"]
        assert max(pauses_s) < 1.0


@pytest.mark.parametrize("snapshot_after_entries", [4, 500_000])
def test_a_dead_member_is_replaced(snapshot_after_entries: int) -> None:
    with simulated(
        2, "abc", snapshot_after_entries=snapshot_after_entries, trailing_entries=2
    ) as world:
        for number in range(20):
            commit(world, b"%d" % number)
        dead = leader_of(world).name
        world.replicas[dead].crash(power=True, with_word=False)
        world.add("d", "abcd").start()
        assert change(world, add="d", remove=dead) < 1.0
        commit(world, b"more")
        survivors = "".join(sorted({*"abcd"} - {dead}))
        assert members(world, "d") == survivors
        assert world.run(10.0, until=have_all(world, survivors))
        # The dead one comes back and cannot disturb.
        terms = {world.replicas[n].engine.status().term for n in survivors}
        world.replicas[dead].start()
        world.run(10.0)
        assert {world.replicas[n].engine.status().term for n in survivors} == terms
        assert members(world, dead) == survivors


def test_the_only_member_is_replaced_by_another() -> None:
    with simulated(3, "a") as world:
        commit(world, b"first")
        world.add("b", "ab").start()
        outcome = wait_for(world, world.change_members(leader_of(world), add="b", remove="a"))
        assert isinstance(outcome, ChangeRefused)
        assert "take two steps" in outcome.detail
        assert change(world, add="b") < 1.0
        assert change(world, remove="a") < 1.0
        world.replicas["a"].crash(power=True)
        commit(world, b"second")
        assert world.replicas["b"].state == [b"first", b"second"]


def test_who_is_not_there_is_not_added() -> None:
    with simulated(4, "abc") as world:
        commit(world, b"x")
        world.add("d", "abcd")
        outcome = wait_for(world, world.change_members(leader_of(world), add="d"))
        assert isinstance(outcome, ChangeRefused)
        assert outcome.cause is ChangeRefusalCause.UNREADY
        assert "d was not reached at localhost:1" in outcome.detail
        commit(world, b"y")


def test_what_would_stop_all_writes_is_refused() -> None:
    with simulated(5, "abc") as world:
        commit(world, b"x")
        leader = leader_of(world)
        one, other = sorted({*"abc"} - {leader.name})
        world.replicas[one].crash(power=True)
        world.run(2.0)
        outcome = wait_for(world, world.change_members(leader_of(world), remove=other))
        assert isinstance(outcome, ChangeRefused)
        assert outcome.cause is ChangeRefusalCause.NO_QUORUM
        assert one in outcome.detail
        commit(world, b"y")


@pytest.mark.parametrize(
    ("add", "remove", "names"),
    [("", "x", "x is no member; members are a, b, c"), ("", "abc", "no member would be left")],
)
def test_what_makes_no_sense_is_refused(add: str, remove: str, names: str) -> None:
    with simulated(6, "abc") as world:
        outcome = wait_for(world, world.change_members(leader_of(world), add=add, remove=remove))
        assert outcome == ChangeRefused(ChangeRefusalCause.IMPOSSIBLE, names)


def test_what_is_so_already_is_no_change() -> None:
    with simulated(7, "abc") as world:
        outcome = wait_for(world, world.change_members(leader_of(world), add="ab"))
        assert isinstance(outcome, MembershipChanged)
        assert outcome.configuration.number == 1


@pytest.mark.parametrize("old_copy", [False, True])
def test_a_disk_that_forgot_votes_only_when_it_is_named_again(old_copy: bool) -> None:
    """N13: an emptied disk, or an old copy, and then the only one that has the last write dies."""
    with simulated(8, "abc") as world:
        commit(world, b"before")
        leader = leader_of(world)
        victim, other = (world.replicas[n] for n in sorted({*"abc"} - {leader.name}))
        copy = victim.disk.copy() if old_copy else {}
        victim.crash(power=False)
        victim.start()
        leader_of(world)
        world.run(1.0)
        other.crash(power=False)
        commit(world, b"kept by two")
        victim.crash(power=True)
        victim.get_another_disk(copy)
        world.run(1.0)
        leader.crash(power=True)
        other.start()
        victim.start()
        world.run(20.0)
        # The write is on the disk of one that is down: these two must not go on without it.
        assert world.leader() is None
        assert b"kept by two" not in other.state
        leader.start()
        commit(world, b"after")
        assert world.run(20.0, until=have_all(world, "abc"))
        assert world.ledger.acknowledged == [b"before", b"kept by two", b"after"]
        assert world.run(20.0, until=lambda: victim.engine.membership().is_voter)
        assert victim.membership.configuration.number > 1


def test_an_old_copy_of_a_disk_is_known_by_what_it_has_forgotten() -> None:
    """It was never started in between: only its peers can tell, by what it had promised them."""
    with simulated(13, "abc") as world:
        commit(world, b"before")
        leader = leader_of(world)
        victim = world.replicas[min({*"abc"} - {leader.name})]
        assert world.run(5.0, until=have_all(world, "abc"))
        copy = victim.disk.copy()
        commit(world, b"promised")
        assert world.run(5.0, until=have_all(world, "abc"))
        victim.crash(power=True)
        victim.get_another_disk(copy)
        victim.start()
        assert victim.membership.disk_id == f"{victim.name}1"
        assert world.run(5.0, until=lambda: victim.membership.disk_id != f"{victim.name}1")
        assert world.run(20.0, until=lambda: victim.engine.membership().is_voter)
        assert world.run(5.0, until=have_all(world, "abc"))


def test_a_new_cluster_begins_when_all_are_there() -> None:
    with simulated(9, "") as world:
        for name in "ab":
            world.add(name, "abc").start()
        world.run(10.0)
        assert world.leader() is None
        world.add("c", "abc").start()
        commit(world, b"begun")
        assert world.run(5.0, until=have_all(world, "abc"))
        assert members(world, "a") == "abc"


def test_emptied_disks_begin_no_new_cluster_beside_the_old() -> None:
    with simulated(10, "abc") as world:
        commit(world, b"kept")
        world.run(1.0)
        for name in "ab":
            world.replicas[name].crash(power=True)
            world.replicas[name].get_another_disk({})
        for name in "ab":
            world.replicas[name].start()
        world.run(30.0)
        assert world.leader() is None, "a majority is lost, and only an operator can say so"


def test_a_member_is_moved_to_an_empty_disk_while_another_is_down() -> None:
    with simulated(11, "abcde") as world:
        commit(world, b"kept")
        world.replicas["d"].crash(power=True)
        world.replicas["e"].crash(power=True)
        world.replicas["e"].get_another_disk({})
        world.replicas["e"].start()
        commit(world, b"more")
        e = world.replicas["e"]
        assert world.run(20.0, until=lambda: e.engine.membership().is_voter)
        world.replicas["d"].start()
        assert world.run(20.0, until=have_all(world, "abcde"))


def test_a_replica_that_missed_two_changes_catches_up() -> None:
    with simulated(12, "abc") as world:
        commit(world, b"1")
        world.replicas["c"].crash(power=False)
        world.add("d", "abcd").start()
        world.add("e", "abcde").start()
        change(world, add="d")
        commit(world, b"2")
        change(world, add="e")
        commit(world, b"3")
        world.replicas["c"].start()
        assert world.run(20.0, until=have_all(world, "abcde"))
        c = world.replicas["c"]
        assert c.membership.configuration.number == 3
        assert world.run(5.0, until=lambda: c.engine.membership().is_voter)


def test_a_member_that_knew_none_of_those_that_are_left_is_told_by_its_settings() -> None:
    with simulated(14, "abc") as world:
        commit(world, b"1")
        world.replicas["c"].crash(power=False)
        world.add("d", "abcd")
        world.add("e", "abcde")
        for new, gone in (("d", "a"), ("e", "b")):
            world.replicas[new].start()
            change(world, add=new, remove=gone)
            world.replicas[gone].crash(power=True)
        commit(world, b"2")
        c = world.replicas["c"]
        c.config = dataclasses.replace(
            c.config, peers={name: PeerAddress("localhost", 1) for name in "abde"}
        )
        c.start()
        assert world.run(20.0, until=have_all(world, "cde"))
        assert world.run(5.0, until=lambda: c.engine.membership().is_voter)
