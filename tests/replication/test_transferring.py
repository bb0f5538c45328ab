"""Leadership changes hands at once, to one replica, and nothing that was proposed is lost by it."""

import pytest

from replication.engine.elections import Elections
from replication.engine.messages import StandNow, Vote, VoteRequest
from replication.replicated_log import (
    Committed,
    ProposalOutcome,
    ProposalRefused,
    RefusalCause,
    TransferOutcome,
)
from tests.replication.lone_replica import lone_replica
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated


def hand_over(replica: Replica, to: str | None = None) -> list[TransferOutcome]:
    """The list will hold the outcome."""
    outcomes: list[TransferOutcome] = []
    replica.engine.transfer_leadership(to, outcomes.append)
    assert outcomes == []
    return outcomes


def wait_for(world: World, outcomes: list[TransferOutcome]) -> TransferOutcome:
    assert world.run(2.0, until=lambda: bool(outcomes))
    return outcomes[0]


def test_the_chosen_one_leads_in_the_next_term_within_milliseconds() -> None:
    for seed in range(30):
        with simulated(seed, "abcde" if seed % 2 else "abc") as world:
            a = world.elect("a")
            world.run(1.0)
            term, began_s = a.engine.status().term, world.now_s
            outcomes = hand_over(a, "c")
            assert world.run(2.0, until=lambda world=world: world.leader() is world.replicas["c"])  # type: ignore[misc]
            assert world.now_s - began_s < 0.02
            assert wait_for(world, outcomes) is TransferOutcome.HANDED_OVER
            assert world.ledger.leaders[1, term + 1] == "c"
            world.run(3.0)
            assert max(world.ledger.leaders) == (1, term + 1)


def test_the_one_that_lacks_least_is_chosen() -> None:
    with simulated(3) as world:
        a = world.elect("a")
        world.network.hold("a", "b", 5.0)
        world.propose(a, b"x")
        world.run(0.1)
        assert wait_for(world, hand_over(a)) is TransferOutcome.HANDED_OVER
        assert world.run(0.1, until=lambda: world.leader() is world.replicas["c"])


def test_what_was_proposed_before_is_committed_first_and_what_comes_then_is_refused() -> None:
    with simulated(4) as world:
        a = world.elect("a")
        before = world.propose(a, b"before")
        world.run(0.001)
        transfer = hand_over(a)
        meanwhile = world.propose(a, b"meanwhile")
        world.run(0.5)
        assert transfer == [TransferOutcome.HANDED_OVER]
        assert [type(outcome) for outcome in before] == [Committed]
        assert meanwhile == [ProposalRefused(RefusalCause.NOT_LEADING)]
        assert all(replica.state == [b"before"] for replica in world.replicas.values())


def test_a_leader_that_is_not_relieved_in_time_goes_on() -> None:
    with simulated(5) as world:
        a = world.elect("a")
        world.run(0.5)
        leaders = len(world.ledger.leaders)
        world.replicas["b"].sync_s = 30.0
        world.run(0.1)
        outcomes = world.propose(a, b"one")
        world.run(0.1)
        assert [type(outcome) for outcome in outcomes] == [Committed]
        transfer = hand_over(a, "b")
        world.run(0.01)
        meanwhile = world.propose(a, b"two")
        world.run(0.3)
        assert meanwhile == []
        assert wait_for(world, transfer) is TransferOutcome.NOT_IN_TIME
        world.run(0.1)
        assert [type(outcome) for outcome in meanwhile] == [Committed]
        assert len(world.ledger.leaders) == leaders


def test_a_target_that_goes_away_is_not_waited_for() -> None:
    with simulated(6) as world:
        a = world.elect("a")
        world.run(0.5)
        world.network.hold("b", "a", 1.0)
        world.network.hold("a", "b", 1.0)
        world.propose(a, b"x")
        transfer = hand_over(a, "b")
        world.run(0.05)
        world.network.reset("a", "b")
        assert world.run(0.1, until=lambda: bool(transfer))
        assert transfer == [TransferOutcome.OUT_OF_REACH]
        assert a.engine.is_leading


def test_a_target_that_dies_on_the_way_costs_no_more_than_a_dead_leader() -> None:
    with simulated(7) as world:
        a = world.elect("a")
        world.run(0.5)
        hand_over(a, "b")
        world.run(0.0015)
        world.replicas["b"].crash(power=True)
        assert world.run(3.0, until=lambda: world.leader() is not None)
        outcomes: list[ProposalOutcome] = []
        leader = world.leader()
        assert leader is not None
        outcomes = world.propose(leader, b"x")
        world.run(2.0)
        assert outcomes


def test_what_cannot_be_done_is_refused() -> None:
    with simulated(8) as world:
        a = world.elect("a")
        world.run(0.5)
        assert wait_for(world, hand_over(world.replicas["b"])) is TransferOutcome.NOT_LEADING
        assert wait_for(world, hand_over(a, "z")) is TransferOutcome.UNKNOWN_REPLICA
        first, second = hand_over(a, "b"), hand_over(a, "c")
        assert wait_for(world, second) is TransferOutcome.UNDER_WAY
        assert wait_for(world, first) is TransferOutcome.HANDED_OVER


def test_one_alone_has_nobody_to_hand_over_to() -> None:
    with simulated(9, "a") as world:
        a = world.elect("a")
        assert wait_for(world, hand_over(a)) is TransferOutcome.OUT_OF_REACH


def test_a_replica_that_stops_answers() -> None:
    with simulated(10) as world:
        a = world.elect("a")
        world.run(0.5)
        transfer = hand_over(a)
        a.engine.stop()
        assert transfer == [TransferOutcome.NOT_IN_TIME]


def test_only_the_election_that_the_leader_asked_for_passes_by_those_who_hear_it() -> None:
    with lone_replica() as b:
        b.hear_append("a", 3, (1, 0), ())
        b.said.clear()
        b.hear("c", 5, VoteRequest(9, 3, leader_agrees=True))
        b.hear("c", 4, VoteRequest(9, 3))
        assert b.said_to("c") == []
        b.hear("c", 4, VoteRequest(9, 3, leader_agrees=True))
        assert b.said_to("c") == [Vote()]


@pytest.mark.parametrize(("peer", "term"), [("c", 3), ("a", 2), ("a", 4)])
def test_only_its_own_leader_makes_a_replica_stand(peer: str, term: int) -> None:
    with lone_replica() as b:
        b.hear_append("a", 3, (1, 0), ())
        b.said.clear()
        b.hear(peer, term, StandNow())
        assert b.said == []
        b.hear("a", 3, StandNow())
        assert b.said_to("c") == [VoteRequest(1, 0, leader_agrees=True)]


def test_later_elections_are_asked_for_as_ever() -> None:
    with lone_replica() as b:
        b.hear_append("a", 3, (1, 0), ())
        b.hear("a", 3, StandNow())
        b.said.clear()
        elections: Elections = b.replica.engine._instance.firewall.elections
        elections._stand()
        assert b.said_to("c") == [VoteRequest(1, 0)]
