"""Leadership is announced late, and given up early."""

from replication.engine.messages import Append, Matched, Vote
from replication.replicated_log import ProposalRefused, RefusalCause
from tests.replication.lone_replica import LoneReplica, entries, lone_replica


def answer_all(a: LoneReplica, term: int, matched_below: int) -> None:
    sequence = max(body.sequence for _, e in a.said if isinstance(body := e.body, Append))
    a.hear("b", term, Matched(matched_below), echo=sequence)


def test_leadership_is_announced_only_after_all_before_it_is_applied() -> None:
    """N24: the entries of older leaders first, then an own one."""
    with lone_replica("a", apply_commands_per_turn_max=1) as a:
        a.hear_append("b", 1, (1, 0), entries(1, 1, 1, 1))
        a.run(0.01)
        a.replica.engine._instance.firewall.elections._stand()
        a.hear("c", 2, Vote())
        a.run(0.01)
        assert a.replica.is_raft_leader
        assert not a.replica.engine.status().leading
        answer_all(a, 2, 6)
        a.run(0.01)
        assert not a.replica.engine.status().leading, "no entry of its own is committed"
        answer_all(a, 2, 7)
        a.run(0.01)
        status = a.replica.engine.status()
        assert status.leading
        assert status.applied_index == 6
        assert [event[1:] for event in a.world.ledger.leadership] == [("a", "gained", 2)]


def test_a_proposal_before_the_announcement_is_refused() -> None:
    with lone_replica("a") as a:
        a.replica.engine._instance.firewall.elections._stand()
        a.hear("c", 1, Vote())
        outcomes = a.world.propose(a.replica, b"x")
        a.run(0.01)
        assert outcomes == [ProposalRefused(RefusalCause.NOT_LEADING)]
