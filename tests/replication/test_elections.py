"""Leaders change when they must, and only then."""

from collections.abc import Callable

import pytest

from replication.engine.elections import Elections
from replication.engine.messages import PreVote, PreVoteRequest, Stale, Vote, VoteRequest
from tests.replication.lone_replica import entries, lone_replica
from tests.simulation.raft.world import World, simulated


def test_a_vote_counts_once() -> None:
    """S11."""
    with lone_replica("a", "abcde") as a:
        a.replica.engine._instance.firewall.elections._stand()
        term = a.replica.engine.status().term
        a.hear("b", term, Vote())
        a.hear("b", term, Vote())
        assert not a.replica.is_raft_leader
        a.hear("c", term, Vote())
        assert a.replica.is_raft_leader


def test_a_vote_of_another_term_does_not_count() -> None:
    """S11."""
    with lone_replica("a") as a:
        a.replica.engine._instance.firewall.elections._stand()
        term = a.replica.engine.status().term
        a.hear("b", term - 1, Vote())
        assert not a.replica.is_raft_leader


def test_one_vote_a_term() -> None:
    with lone_replica() as b:
        b.hear("a", 5, VoteRequest(1, 0))
        b.hear("c", 5, VoteRequest(1, 0))
        assert b.said_to("a") == [Vote()]
        assert b.said_to("c") == []


def test_the_vote_is_on_disk_before_it_is_given() -> None:
    """R6."""
    with lone_replica() as b:
        b.hear("a", 5, VoteRequest(1, 0))
        b.replica.crash(power=True)
        b.replica.start()
        assert b.replica.wal.getVotedForNodeId() == "a"
        assert b.replica.wal.term == 5


def test_no_vote_for_who_knows_less() -> None:
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        b.run(2.0)
        b.said.clear()
        b.hear("c", 9, VoteRequest(2, 1))
        assert b.said_to("c") == []
        b.hear("c", 9, PreVoteRequest(10, 2, 1))
        assert b.said_to("c") == [Stale()]
        b.hear("c", 9, PreVoteRequest(10, 3, 1))
        assert b.said_to("c") == [Stale(), PreVote(10)]


def test_who_hears_the_leader_votes_for_nobody_else() -> None:
    """S6: stickiness."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), ())
        b.said.clear()
        b.hear("c", 1, PreVoteRequest(2, 9, 1))
        b.hear("c", 2, VoteRequest(9, 1))
        assert b.said_to("c") == [Stale()]
        assert b.replica.engine.status().term == 1


def test_a_leader_whose_session_closed_counts_as_gone() -> None:
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), ())
        b.said.clear()
        b.replica.session_closed("a", by_peer=True)
        b.hear("c", 1, PreVoteRequest(2, 9, 1))
        assert b.said_to("c") == [PreVote(2)]


def changes_in_30_s(strike: Callable[[World], None]) -> int:
    with simulated(12) as world:
        world.elect("a")
        world.run(1.0)
        before = len(world.ledger.leaders)
        strike(world)
        world.run(30.0)
        leader = world.leader()
        assert leader is not None
        return len(world.ledger.leaders) - before


def deaf_forever(world: World, sender: str, receiver: str) -> None:
    """A direction that loses everything; the session is dialled again and loses it again."""
    world.network.lose_one_way(sender, receiver)
    world.at(3.1, lambda: deaf_forever(world, sender, receiver))


def deafen(world: World) -> None:
    deaf_forever(world, "b", "a")
    deaf_forever(world, "c", "a")


@pytest.mark.parametrize(
    ("strike", "changes_max"),
    [
        (deafen, 1),
        (lambda world: world.network.cut("a", "c", at_once=False), 0),
        (lambda world: deaf_forever(world, "a", "c"), 0),
        (lambda world: world.partition("a", "bc"), 1),
        (lambda world: world.partition("c", "ab"), 0),
    ],
    ids=["a hears nobody", "a-c cut", "c does not hear a", "a isolated", "c isolated"],
)
def test_leaders_do_not_flap(strike: Callable[[World], None], changes_max: int) -> None:
    """S6."""
    assert changes_in_30_s(strike) <= changes_max


def test_without_the_defence_leaders_flap(monkeypatch: pytest.MonkeyPatch) -> None:
    """S6 is really there."""
    monkeypatch.setattr(Elections, "_leader_is_alive", lambda self: False)
    assert changes_in_30_s(lambda world: world.network.cut("a", "c", at_once=False)) > 0


def test_a_killed_leader_is_replaced_without_waiting_for_the_timeout() -> None:
    times = []
    for seed in range(20):
        with simulated(seed) as world:
            world.elect("a").crash(power=False, with_word=True)
            killed_s = world.now_s
            assert world.run(5.0, until=lambda world=world: world.leader() is not None)  # type: ignore[misc]
            times.append(world.now_s - killed_s)
    assert sorted(times)[10] < 0.1
    assert max(times) < 1.0


def test_a_leader_that_vanishes_without_a_word_is_replaced_after_the_timeout() -> None:
    times = []
    for seed in range(20):
        with simulated(seed) as world:
            world.elect("a").crash(power=True, with_word=False)
            gone_s = world.now_s
            for replica in world.replicas.values():
                if replica.is_up:
                    replica.engine._instance.firewall.elections.heard_leader()
            assert world.run(10.0, until=lambda world=world: world.leader() is not None)  # type: ignore[misc]
            times.append(world.now_s - gone_s)
    assert sorted(times)[10] < 1.0
    assert max(times) < 4.0


def test_a_session_that_breaks_while_the_leader_lives_changes_nothing() -> None:
    with simulated(7) as world:
        world.elect("a")
        world.run(1.0)
        before = len(world.ledger.leaders)
        for _ in range(20):
            world.network.reset("a", "c")
            world.run(0.7)
        assert len(world.ledger.leaders) == before
