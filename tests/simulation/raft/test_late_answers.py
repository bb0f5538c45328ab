"""S1: an answer to the leader of an older term counts for nothing, not even if that leads again.

Five replicas are needed: of three, the leader and whoever answers are a majority anyway. Random
trouble all but never meets this, so it is told step by step.
"""

from contextlib import suppress
from itertools import product

import pytest

from replication.engine.firewall import Firewall
from replication.engine.messages import Envelope, Matched
from replication.replicated_log import Committed, ProposalOutcome
from tests.simulation.raft.replica import Violation
from tests.simulation.raft.world import World, simulated

PRECIOUS = b"precious"


def told_too_late(world: World) -> list[ProposalOutcome]:
    """What the proposer of `PRECIOUS` heard, when b's answers from two terms before came in."""
    network = world.network
    a = world.elect("a")
    world.run(0.5)
    # b takes in what a could never commit, but its answers are stuck on the way.
    world.partition("ab", "cde")
    network.links["b", "a"].is_held = True
    for number in range(12):
        world.propose(a, b"never-%d" % number)
        world.run(0.005)
    world.run(0.1)
    assert len(network.links["b", "a"].queue) >= 5
    # c leads, and replaces all that in a and b.
    world.elect("c")
    for near, far in product("ab", "cde"):
        network.mend(near, far)
        network.dial(near, far)
    world.run(1.0)
    # a leads again; nothing reaches b, and in the end only e.
    world.partition("c", "abde")
    network.links["a", "b"].is_held = True
    a = world.elect("a")
    network.links["a", "d"].is_held = True
    outcomes = world.propose(a, PRECIOUS)
    world.run(0.05)
    assert outcomes == []
    network.let_go("b", "a")
    world.run(0.1)
    return outcomes


def lose_a_minority(world: World) -> None:
    """The only two that have it; the others go on."""
    world.partition("ae", "bcd")
    for name in "ae":
        world.replicas[name].crash(power=False)
    world.network.mend_all()
    assert world.run(10.0, until=lambda: world.leader() is not None)
    leader = world.leader()
    assert leader is not None
    world.propose(leader, b"other")
    world.run(1.0)
    for name in "ae":
        world.replicas[name].start()
    world.run(3.0)


def test_an_answer_from_an_older_term_acknowledges_nothing() -> None:
    with simulated(1, "abcde", entries_under_way_max=64) as world:
        assert told_too_late(world) == []
        lose_a_minority(world)
        states = [replica.state for replica in world.replicas.values()]
        assert all(state == states[0] for state in states)
        assert b"other" in states[0]


def test_answers_without_their_term_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known to be bad: the same story acknowledges what is then lost."""
    received = Firewall._received_answer

    def without_term(self: Firewall, peer: str, envelope: Envelope) -> None:
        if isinstance(envelope.body, Matched) and self.core.is_leader:
            self.leading.on_matched(peer, envelope.echo, envelope.body.matched_below)
        else:
            received(self, peer, envelope)

    monkeypatch.setattr(Firewall, "_received_answer", without_term)
    with simulated(1, "abcde", entries_under_way_max=64) as world:
        assert [type(outcome) for outcome in told_too_late(world)] == [Committed]
        with suppress(Violation):  # R5: another command is applied where this one was.
            lose_a_minority(world)
        assert all(PRECIOUS not in world.replicas[name].state for name in "bcd")
