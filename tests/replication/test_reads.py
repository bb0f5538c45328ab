"""Who is told that it may read sees all that was acknowledged before it asked."""

from replication.engine.messages import Heartbeat
from replication.replicated_log import (
    ReadOutcome,
    ReadReady,
    ReadRefusalCause,
    ReadRefused,
)
from tests.replication.lone_replica import envelope_of
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated

NOT_LEADING = ReadRefused(ReadRefusalCause.NOT_LEADING)


def ask(replica: Replica) -> list[ReadOutcome]:
    """The list will hold the outcome."""
    outcomes: list[ReadOutcome] = []
    replica.engine.read(outcomes.append)
    assert outcomes == []
    return outcomes


def led(world: World) -> Replica:
    leader = world.elect("a")
    world.run(1.0)
    return leader


def test_a_leader_is_ready_after_one_round_trip() -> None:
    with simulated(1) as world:
        a = led(world)
        world.propose(a, b"x")
        world.run(0.05)
        before = a.engine.status()
        asked_s = world.now_s
        outcomes = ask(a)
        assert world.run(1.0, until=lambda: bool(outcomes))
        assert outcomes == [ReadReady(before.commit_index)]
        assert world.now_s - asked_s < 0.003
        assert a.engine.status().last_index == before.last_index


def test_a_follower_is_not_asked() -> None:
    with simulated(2) as world:
        led(world)
        outcomes = ask(world.replicas["b"])
        world.run(0.01)
        assert outcomes == [NOT_LEADING]


def test_one_alone_needs_nobody() -> None:
    with simulated(3, "a") as world:
        a = led(world)
        outcomes = ask(a)
        world.run(0.001)
        assert outcomes == [ReadReady(a.engine.status().applied_index)]


def test_the_reads_of_one_turn_share_a_question_and_what_comes_meanwhile_the_next() -> None:
    with simulated(4) as world:
        a = led(world)
        questions: list[str] = []

        def note(sender: str, receiver: str, frame: bytes) -> None:
            if isinstance(envelope_of(frame).body, Heartbeat):
                questions.append(receiver)

        world.network.on_send = note
        first = [ask(a) for _ in range(100)]
        world.run(0.0003)
        second = [ask(a) for _ in range(100)]
        assert world.run(0.01, until=lambda: all(second))
        assert all(first)
        assert sorted(questions) == ["b", "b", "c", "c"]


def test_a_leader_that_nobody_answers_is_never_ready() -> None:
    for is_cut in (True, False):
        with simulated(5) as world:
            a = led(world)
            if is_cut:
                world.partition("a", "bc")
            else:
                for other in "bc":
                    world.network.hold(other, "a", 5.0)
            outcomes = ask(a)
            assert world.run(1.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]
            assert outcomes == [NOT_LEADING]


def test_answers_to_what_was_sent_before_the_question_prove_nothing() -> None:
    """S6a: the peers' answers wait in the sockets; the peers have had another leader since."""
    with simulated(6) as world:
        a = led(world)
        for other in "bc":
            world.network.hold(other, "a", 10.0)
        world.run(0.15)
        for other in "bc":
            world.network.link("a", other).is_held = True
        outcomes = ask(a)
        world.run(0.05)
        for other in "bc":
            world.network.let_go(other, "a")
        world.run(0.05)
        assert a.is_raft_leader
        assert outcomes == []


def test_a_leader_that_slept_does_not_answer_with_what_it_knew() -> None:
    for seed in range(20):
        with simulated(seed) as world:
            a = led(world)
            asked_before = ask(a) if seed % 2 else []
            a.pause(3.0)
            assert world.run(2.5, until=lambda world=world, a=a: world.leader() not in (None, a))  # type: ignore[misc]
            successor = world.leader()
            assert successor is not None
            world.propose(successor, b"new")
            world.run(0.2)
            assert world.ledger.acknowledged == [b"new"]
            asked_asleep = ask(a)
            world.run(5.0)
            assert asked_asleep == [NOT_LEADING]
            assert asked_before in ([], [NOT_LEADING])


def test_what_is_committed_must_be_applied_first() -> None:
    with simulated(7, apply_commands_per_turn_max=1) as world:
        a = led(world)
        a.engine._apply, apply = (lambda: None), a.engine._apply  # type: ignore[method-assign]
        world.propose(a, b"x")
        world.run(0.1)
        assert a.engine.status().commit_index > a.engine.status().applied_index
        outcomes = ask(a)
        world.run(0.1)
        assert outcomes == []
        a.engine._apply = apply  # type: ignore[method-assign]
        world.run(0.2)
        assert outcomes == [ReadReady(a.engine.status().commit_index)]


def test_no_answer_is_no_answer_for_ever() -> None:
    with simulated(8, proposal_deadline_ms=200) as world:
        a = led(world)
        for other in "bc":
            world.network.hold(other, "a", 0.3)
        outcomes = ask(a)
        world.run(0.25)
        assert outcomes == [ReadRefused(ReadRefusalCause.NOT_IN_TIME)]
        assert a.engine.is_leading


def test_more_than_may_wait_is_refused() -> None:
    with simulated(9, pending_proposals_max=10) as world:
        a = led(world)
        asked = [ask(a) for _ in range(12)]
        world.run(0.05)
        refused = [ReadRefused(ReadRefusalCause.OVERLOADED)]
        assert [outcomes == refused for outcomes in asked] == [False] * 10 + [True] * 2


def test_a_replica_that_stops_answers() -> None:
    with simulated(10) as world:
        a = led(world)
        outcomes = ask(a)
        a.engine.stop()
        assert outcomes == [NOT_LEADING]
