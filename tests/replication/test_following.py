"""A follower never loses what it promised, and never promises what it could lose."""

import pytest

from replication.engine.following import Following
from replication.engine.messages import Heartbeat, HeartbeatAnswer, Matched, Retry, Stale
from tests.replication.lone_replica import entries, lone_replica


def test_an_old_append_that_comes_again_drops_nothing() -> None:
    """S2."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(1, 1, 1, 1))
        b.run(0.01)
        b.said.clear()
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        b.run(0.1)
        assert b.terms == [0, 1, 1, 1, 1]


def test_without_the_defence_the_old_append_drops_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2 is really there."""
    monkeypatch.setattr(Following, "_count_known", lambda self, new: 0)
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(1, 1, 1, 1))
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        assert b.terms == [0, 1, 1]


def test_a_conflicting_tail_is_replaced_from_the_first_difference() -> None:
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(1, 1, 1))
        b.hear_append("c", 2, (1, 0), entries(1, 1, 2, 2))
        b.run(0.01)
        assert b.terms == [0, 1, 1, 2, 2]
        assert b.said_to("c")[-1] == Matched(6)


def test_a_heartbeat_commits_nothing_beyond_what_it_matched() -> None:
    """S12, N1: entries 3 and 4 are of a leader that was deposed."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(1, 1, 1))
        b.hear_append("c", 2, (2, 1), (), commit=4)
        b.run(0.01)
        assert b.replica.engine.status().commit_index == 2


def test_nothing_is_promised_before_it_is_on_disk() -> None:
    """R7."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), ())
        b.run(0.06)
        b.said.clear()
        b.replica.sync_s = 1.0
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        b.run(0.4)
        assert Matched(4) not in b.said_to("a")
        b.run(1.2)
        assert Matched(4) in b.said_to("a")


def test_a_slow_disk_does_not_look_like_a_dead_replica() -> None:
    with lone_replica() as b:
        b.replica.sync_s = 1.0
        b.hear_append("a", 1, (1, 0), entries(1))
        b.run(0.1)
        b.said.clear()
        b.hear_append("a", 1, (2, 1), entries(1, after=2))
        assert b.said_to("a") == [Matched(2)]


def test_a_promise_of_an_older_term_is_never_made() -> None:
    """Entry 2 was not on disk in its own term; when it is, another has taken its place."""
    with lone_replica() as b:
        b.replica.sync_s = 0.2
        b.hear_append("a", 1, (1, 0), entries(1))
        b.hear_append("c", 2, (1, 0), entries(2))
        b.run(0.01)
        b.said.clear()
        b.run(1.0)
        assert Matched(3) not in b.said_to("a")
        assert Matched(3) in b.said_to("c")


def test_a_promise_to_a_leader_is_void_in_its_next_term() -> None:
    """S1: in between, another leader may have given it other entries."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), ())
        b.replica.sync_s = 0.2
        b.hear_append("a", 1, (1, 0), entries(1, 1))
        b.replica.session_closed("c", by_peer=False)
        b.run(0.001)
        b.hear("a", 3, Stale())
        b.run(1.0)
        assert b.replica.engine.status().term == 3
        assert b.replica.wal.durable_index == 3
        assert Matched(4) not in b.said_to("a")


def test_a_missing_entry_is_asked_for() -> None:
    with lone_replica() as b:
        b.hear_append("a", 1, (9, 1), entries(1, after=9))
        assert b.said_to("a") == [Retry(2)]


def test_a_conflict_skips_the_whole_term() -> None:
    """N5: not one entry a round."""
    with lone_replica() as b:
        b.hear_append("a", 1, (1, 0), entries(*[1] * 50))
        b.hear_append("c", 2, (40, 2), ())
        assert b.said_to("c") == [Retry(2)]


def test_a_leader_of_an_older_term_is_told_so() -> None:
    with lone_replica() as b:
        b.hear_append("a", 5, (1, 0), ())
        b.said.clear()
        b.hear_append("c", 4, (1, 0), entries(4))
        b.hear("c", 4, Heartbeat(1))
        assert b.said_to("c") == [Stale(), Stale()]
        assert b.terms == [0]


def test_a_heartbeat_is_answered_with_its_sequence() -> None:
    with lone_replica() as b:
        b.hear("a", 3, Heartbeat(77))
        receiver, envelope = b.said[-1]
        assert (receiver, envelope.term, envelope.echo) == ("a", 3, 77)
        assert envelope.body == HeartbeatAnswer()
