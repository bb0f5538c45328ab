"""One replica as a machine: what it is told, what it answers, and when it wants to be called."""

import logging

import pytest

from replication.engine.fail_stop import Fatal, FatalCause
from replication.engine.messages import (
    Append,
    Heartbeat,
    HeartbeatAnswer,
    Matched,
    PreVoteRequest,
    Vote,
)
from replication.engine.wire import MalformedFrame
from replication.replicated_log import Committed, OutcomeUnknown, ReadReady
from tests.replication.lone_replica import LoneReplica, entries, lone_replica
from tests.simulation.raft.disk import failing
from tests.simulation.raft.world import simulated


def elect(a: LoneReplica) -> None:
    """With the vote of c; the first entry of the term is committed."""
    a.replica.engine._instance.firewall.elections._stand()
    a.hear("c", 1, Vote())
    a.run(0.005)
    a.hear("c", 1, Matched(3), echo=last_sequence(a))
    a.run(0.005)
    assert a.replica.engine.is_leading


def wants_step(a: LoneReplica) -> bool:
    return a.replica._step_is_due


def last_sequence(a: LoneReplica) -> int:
    return max(body.sequence for _, e in a.said if isinstance(body := e.body, Append))


def test_a_proposal_without_an_answer_has_an_unknown_outcome_after_its_deadline() -> None:
    with simulated(1, proposal_deadline_ms=100) as world:
        a = world.elect("a")
        world.replicas["b"].sync_s = world.replicas["c"].sync_s = 5.0
        outcomes = world.propose(a, b"x")
        world.run(0.09)
        assert outcomes == []
        world.run(0.02)
        assert outcomes == [OutcomeUnknown()]
        world.run(9.0)
        assert a.state == [b"x"], "unknown, but committed in the end"


def test_a_deposed_leader_answers_what_is_open_before_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with simulated(2) as world:
        a = world.elect("a")
        story: list[object] = []
        monkeypatch.setattr(a, "leadership_lost", story.append)
        world.partition("a", "bc")
        a.propose(b"x", story.append)
        world.run(2.0)
        assert story == [OutcomeUnknown(), 1]


def test_one_replica_alone_commits_only_what_it_has_synced() -> None:
    with simulated(3, "a") as world:
        a = world.replicas["a"]
        assert world.run(1.0, until=lambda: a.engine.is_leading)
        a.sync_s = 0.5
        outcomes = world.propose(a, b"x")
        world.run(0.24)
        assert outcomes == []
        world.run(0.6)
        assert outcomes == [Committed(3, 1)]


def test_proposals_made_during_a_sync_travel_as_one_entry() -> None:
    with simulated(3, "a") as world:
        a = world.replicas["a"]
        world.run(1.0)
        outcomes = [world.propose(a, b"first")]
        world.run(0.0005)
        for number in range(100):
            outcomes.append(world.propose(a, b"%d" % number))
            world.run(0.000001)
        world.run(1.0)
        indexes = [each[0].index for each in outcomes if isinstance(each[0], Committed)]
        assert indexes == [3, *[4] * 100]


def test_what_is_proposed_while_an_entry_is_under_way_travels_together() -> None:
    with simulated(4) as world:
        a = world.elect("a")
        world.run(1.0)
        outcomes = [world.propose(a, b"first")]
        world.run(0.001)
        for number in range(10):
            outcomes.append(world.propose(a, b"%d" % number))
            world.run(0.0001)
        world.run(1.0)
        indexes = [each[0].index for each in outcomes if isinstance(each[0], Committed)]
        assert len(indexes) == 11
        assert len(set(indexes)) == 2


def test_an_answer_that_changes_nothing_asks_for_no_step() -> None:
    with lone_replica("a") as a:
        elect(a)
        a.world.propose(a.replica, b"x")
        a.run(0.005)
        assert not wants_step(a)
        sequence = last_sequence(a)
        a.hear("b", 1, Matched(4), echo=sequence)
        assert wants_step(a), "it is committed now"
        a.run(0.005)
        a.hear("c", 1, Matched(4), echo=sequence)
        a.hear("b", 1, HeartbeatAnswer(), echo=sequence)
        assert not wants_step(a)


def test_an_answer_that_a_read_waits_for_asks_for_a_step() -> None:
    with lone_replica("a") as a:
        elect(a)
        outcomes: list[object] = []
        a.replica.engine.read(outcomes.append)
        a.run(0.005)
        assert not wants_step(a)
        asked = max(b.sequence for b in a.said_to("c") if isinstance(b, Heartbeat))
        a.hear("c", 1, HeartbeatAnswer(), echo=asked)
        assert wants_step(a)
        a.run(0.005)
        assert outcomes == [ReadReady(2)]


def test_what_is_proposed_in_answer_to_a_commit_goes_out_in_the_same_step() -> None:
    with lone_replica("a") as a:
        elect(a)
        a.replica.propose(b"x", lambda outcome: a.replica.propose(b"y", lambda outcome: None))
        a.run(0.005)
        a.hear("b", 1, Matched(4), echo=last_sequence(a))
        a.replica.engine.step()
        assert a.replica.wal.last_index == 4
        assert not a.replica.engine._proposals.can_go_on


def test_a_malformed_frame_changes_nothing() -> None:
    with lone_replica() as b:
        before = b.replica.engine.status()
        with pytest.raises(MalformedFrame):
            b.replica.received("a", b"\xff\xff")
        assert b.replica.engine.status() == before


def test_a_full_disk_ends_the_replica_by_name() -> None:
    with simulated(4, "a") as world:
        a = world.replicas["a"]
        world.run(1.0)
        a.disk.fault = failing("append", 28)
        world.propose(a, b"x")
        world.run(0.1)
        assert [(name, fatal.cause) for name, fatal in world.ledger.fatal] == [
            ("a", FatalCause.DISK_FULL)
        ]


def test_after_its_end_a_replica_says_nothing() -> None:
    with lone_replica() as b:
        b.replica.engine._fail_stop.stop(OSError(5, "bad"))
        b.hear_append("a", 1, (1, 0), entries(1))
        b.hear("c", 0, PreVoteRequest(1, 9, 9))
        b.replica.engine.step()
        assert b.said == []
        assert b.replica.engine.take_flush() is None
        assert not b.replica.engine.status().leading


def test_a_complaint_of_pysyncobj_is_fatal() -> None:
    """S4c, S2: it only logs that it went on with a broken state."""
    fatal: list[Fatal] = []
    with lone_replica() as b:
        fail_stop = b.replica.engine._fail_stop
        fail_stop._on_fatal = fatal.append
        fail_stop.arm()
        with fail_stop:
            logging.getLogger("pysyncobj.syncobj").error("failed to load full dump")
        assert [each.cause for each in fatal] == [FatalCause.ENGINE_BROKEN]


def test_a_complaint_about_another_replica_is_not_ours() -> None:
    fatal: list[Fatal] = []
    with lone_replica() as b:
        fail_stop = b.replica.engine._fail_stop
        fail_stop._on_fatal = fatal.append
        fail_stop.arm()
        logging.getLogger("pysyncobj.syncobj").error("failed to load full dump")
        with fail_stop:
            pass
        fail_stop.disarm()
        assert fatal == []


def test_two_leaders_of_one_term_end_the_replica() -> None:
    with lone_replica("a") as a:
        a.replica.engine._instance.firewall.elections._stand()
        a.hear("c", 1, Vote())
        a.hear_append("b", 1, (1, 0), entries(1))
        assert [fatal.cause for _, fatal in a.world.ledger.fatal] == [FatalCause.ENGINE_BROKEN]
