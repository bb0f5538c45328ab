"""A leader counts only what it may count, and leads only while it is heard."""

import pytest

from replication.engine import entry
from replication.engine.firewall import Firewall
from replication.engine.messages import Append, Matched, Retry, Vote
from replication.replicated_log import Committed, OutcomeUnknown, ProposalRefused, RefusalCause
from tests.replication.lone_replica import LoneReplica, envelope_of, lone_replica
from tests.simulation.raft.world import simulated


def lead(a: LoneReplica, voters: str) -> int:
    """Have this replica elected; its term."""
    a.replica.engine._instance.firewall.elections._stand()
    term = a.replica.engine.status().term
    for voter in voters:
        a.hear(voter, term, Vote())
    assert a.replica.is_raft_leader
    a.run(0.01)
    return term


def last_sequence(a: LoneReplica, peer: str) -> int:
    return max(body.sequence for body in a.said_to(peer) if isinstance(body, Append))


def test_what_two_of_three_have_is_committed() -> None:
    with lone_replica("a") as a:
        term = lead(a, "b")
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        assert a.replica.engine.status().commit_index == 2
        assert a.replica.engine.is_leading


def test_an_answer_of_an_older_term_counts_for_nothing() -> None:
    """S1."""
    with lone_replica("a") as a:
        term = lead(a, "b")
        a.hear("b", term - 1, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        assert a.replica.engine.status().commit_index == 1


def test_without_the_defence_the_old_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1 is really there."""
    monkeypatch.setattr(
        Firewall,
        "_received_answer",
        lambda self, peer, envelope: self.leading.on_matched(
            peer, envelope.echo, envelope.body.matched_below
        ),
    )
    with lone_replica("a") as a:
        term = lead(a, "b")
        a.hear("b", term - 1, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        assert a.replica.engine.status().commit_index == 2


def test_a_leader_does_not_count_itself_before_its_own_sync() -> None:
    """R7."""
    with lone_replica("a") as a:
        a.replica.sync_s = 0.2
        term = lead(a, "b")
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.05)
        assert a.replica.engine.status().commit_index == 1
        a.run(0.28)
        assert a.replica.engine.status().commit_index == 2


def test_what_went_through_a_session_is_not_sent_twice() -> None:
    with lone_replica("a", entries_under_way_max=100) as a:
        term = lead(a, "b")
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        for number in range(20):
            a.world.propose(a.replica, b"%d" % number)
            a.run(0.001)
            if number == 10:
                a.hear("b", term, Matched(4), echo=last_sequence(a, "b"))
        sent = [
            entry for body in a.said_to("c") if isinstance(body, Append) for entry in body.entries
        ]
        again = [
            entry for body in a.said_to("b") if isinstance(body, Append) for entry in body.entries
        ]
        assert len(sent) == len(set(sent)) == 21
        assert len(again) == len(set(again)) == 21


def test_no_entry_holds_more_commands_than_may_be_applied_in_a_turn() -> None:
    with lone_replica("a", entry_commands_max=3) as a:
        term = lead(a, "b")
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        for number in range(8):
            a.world.propose(a.replica, b"%d" % number)
        for index in (3, 4, 5):
            a.run(0.01)
            a.hear("b", term, Matched(index), echo=last_sequence(a, "b"))
        a.run(0.01)
        payloads = [data[1:] for data, index, _ in a.replica.wal[:] if index > 2]
        held = [len(entry.unpack(p)) for p in payloads if entry.holds_commands(p)]
        assert held == [3, 3, 2]


def test_what_two_peers_are_told_alike_is_made_once() -> None:
    with lone_replica("a") as a:
        term = lead(a, "b")
        for peer in "bc":
            a.hear(peer, term, Matched(3), echo=last_sequence(a, peer))
        a.run(0.01)
        a.world.propose(a.replica, b"to both")
        a.run(0.001)
        to_b, to_c = a.said_to("b")[-1], a.said_to("c")[-1]
        assert isinstance(to_b, Append)
        assert to_b.entries
        assert to_b == to_c, "the sequence is the same too"


def test_who_is_probed_is_told_by_a_sequence_of_its_own() -> None:
    """N5: its answer counts by that."""
    with lone_replica("a") as a:
        term = lead(a, "b")
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.01)
        a.hear("c", term, Retry(2), echo=last_sequence(a, "c"))
        probed_from = last_sequence(a, "c")
        a.world.propose(a.replica, b"to both")
        a.run(0.001)
        assert last_sequence(a, "c") > probed_from
        assert last_sequence(a, "c") != last_sequence(a, "b")


def test_a_wrong_guess_is_made_anew_at_once() -> None:
    """And not only with the next heartbeat."""
    with lone_replica("a") as a:
        term = lead(a, "b")
        said = len(a.said_to("c"))
        a.hear("c", term, Retry(2), echo=last_sequence(a, "c"))
        a.run(0.002)
        again = a.said_to("c")[said:]
        assert [(b.prev_index, len(b.entries)) for b in again if isinstance(b, Append)] == [(1, 1)]


def test_a_commit_index_travels_with_entries_and_alone_only_when_none_follow() -> None:
    with lone_replica("a") as a:
        term = lead(a, "b")
        said = len(a.said_to("c"))
        a.hear("b", term, Matched(3), echo=last_sequence(a, "b"))
        a.run(0.003)
        assert a.replica.engine.status().commit_index == 2
        assert len(a.said_to("c")) == said
        a.world.propose(a.replica, b"carries it")
        a.run(0.001)
        carrier = a.said_to("c")[-1]
        assert isinstance(carrier, Append)
        assert (carrier.commit_index, len(carrier.entries)) == (2, 1)
        said = len(a.said_to("c"))
        a.hear("b", term, Matched(4), echo=last_sequence(a, "b"))
        a.run(0.010)
        alone = a.said_to("c")[said:]
        assert [(b.commit_index, b.entries) for b in alone if isinstance(b, Append)] == [(3, ())]


def test_a_leader_that_nobody_answers_leads_no_longer_than_one_timeout() -> None:
    """S6a."""
    with simulated(1) as world:
        a = world.elect("a")
        world.run(1.0)
        world.partition("a", "bc", at_once=False)
        outcomes = world.propose(a, b"nobody hears this")
        cut_s = world.now_s
        assert world.run(5.0, until=lambda: not a.engine.is_leading)
        assert world.now_s - cut_s <= 0.45 + 0.1
        world.run(0.2)
        assert outcomes == [OutcomeUnknown()]
        assert world.ledger.leadership[-1][1:3] in {("a", "lost"), ("b", "gained"), ("c", "gained")}


def test_a_leader_that_slept_accepts_nothing_before_it_is_heard_again() -> None:
    """The answers that waited in its sockets meanwhile are old, and prove nothing."""
    with simulated(2) as world:
        a = world.elect("a")
        world.run(1.0)
        a.pause(0.6)
        world.run(0.6 - 1e-6)
        a.is_paused = False
        assert not a.engine.is_leading
        outcomes = world.propose(a, b"too late")
        a.is_paused = True
        a.resume()
        world.run(0.1)
        assert outcomes == [ProposalRefused(RefusalCause.NOT_LEADING)]
        assert ("a", "lost", 1) in [told[1:] for told in world.ledger.leadership]


@pytest.mark.parametrize(("conflicting", "missing", "size"), [(2, 20, 8000), (300, 400, 10)])
def test_a_deposed_leader_with_a_tail_of_its_own_comes_back_at_once(
    conflicting: int, missing: int, size: int
) -> None:
    """N5: pysyncobj alone bounces for minutes."""
    with simulated(3) as world:
        a = world.elect("a")
        world.run(1.0)
        world.partition("a", "bc", at_once=False)
        for number in range(conflicting):
            world.propose(a, b"lost-%d" % number)
            world.run(0.0003)
        world.replicas["c"].engine._instance.firewall.elections.deadline_s += 5.0
        b = world.replicas["b"]
        assert world.run(3.0, until=lambda: b.engine.is_leading)
        for number in range(missing):
            world.propose(b, b"kept-%d-" % number + bytes(size))
            world.run(0.002)
        world.run(1.0)
        world.network.mend_all()
        assert world.run(2.0, until=lambda: a.state == b.state and len(a.state) >= missing)
        assert not any(command.startswith(b"lost") for command in a.state)


def test_a_follower_far_behind_is_not_flooded() -> None:
    """N11: at most 4 MiB and one message are under way to it."""
    with simulated(4, segment_bytes_max=1 << 26) as world:
        a = world.elect("a")
        world.replicas["c"].crash(power=False)
        for number in range(24):
            world.propose(a, b"%d" % number + bytes(1_000_000))
            world.run(0.02)
        in_flight: list[int] = []

        def note(sender: str, receiver: str, frame: bytes) -> None:
            if (sender, receiver) == ("a", "c"):
                in_flight.append(
                    a.engine._instance.firewall.leading._followers["c"].unanswered_bytes
                )

        world.network.on_send = note
        world.replicas["c"].start()
        c = world.replicas["c"]
        assert world.run(20.0, until=lambda: len(c.state) == 24)
        assert max(in_flight) <= 7 * 1024 * 1024


def test_a_follower_that_lacks_many_small_entries_gets_them_in_small_portions_one_by_one() -> None:
    with simulated(4, entries_under_way_max=1_000) as world:
        a = world.elect("a")
        world.replicas["c"].crash(power=False)
        for number in range(3_000):
            world.propose(a, b"%d" % number)
            world.run(0.0002)
        portions: list[int] = []
        in_flight: list[int] = []

        def note(sender: str, receiver: str, frame: bytes) -> None:
            body = envelope_of(frame).body
            if (sender, receiver) == ("a", "c") and isinstance(body, Append):
                portions.append(len(body.entries))
                unanswered = a.engine._instance.firewall.leading._followers["c"].unanswered
                in_flight.append(len(unanswered) * 500)

        c = world.replicas["c"]
        c.start()
        world.network.on_send = note
        began_s = world.now_s
        assert world.run(20.0, until=lambda: len(c.state) == 3_000)
        assert world.now_s - began_s < 2.0
        assert max(portions) == 500
        assert max(in_flight) <= 1_500


def seconds_to_catch_up_with(entries: int) -> float:
    with simulated(4, entries_under_way_max=1_000) as world:
        a = world.elect("a")
        world.replicas["c"].crash(power=False)
        for number in range(entries):
            world.propose(a, b"%d" % number)
            world.run(0.0002)
        c = world.replicas["c"]
        c.start()
        assert world.run(2.0, until=lambda: len(c.state) > 0)
        began_s = world.now_s
        assert world.run(20.0, until=lambda: len(c.state) == entries)
        return world.now_s - began_s


def test_one_that_is_far_behind_rests_as_long_as_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    resting_s = seconds_to_catch_up_with(6_000)
    monkeypatch.setattr("replication.engine.leading._FAR_BEHIND_ENTRIES", 1 << 40)
    at_once_s = seconds_to_catch_up_with(6_000)
    assert at_once_s < resting_s < 2 * at_once_s


def test_the_log_goes_on_while_one_replica_is_down() -> None:
    with simulated(5) as world:
        a = world.elect("a")
        world.replicas["b"].crash(power=True)
        outcomes = world.propose(a, b"x")
        world.run(0.1)
        assert [type(outcome) for outcome in outcomes] == [Committed]


def test_sequences_grow_with_the_clock() -> None:
    with lone_replica("a") as a:
        lead(a, "b")
        first = last_sequence(a, "c")
        a.run(0.2)
        assert last_sequence(a, "c") >= first + 90_000
