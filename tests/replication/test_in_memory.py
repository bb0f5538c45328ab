"""What a test can make the log in memory do."""

from collections.abc import Callable

from replication.in_memory import InMemoryLog
from replication.replicated_log import Committed, OutcomeUnknown, ProposalRefused, RefusalCause
from tests.replication.real_cluster import Recorder


class Fixture:
    def __init__(self) -> None:
        self.turns: list[Callable[[], None]] = []
        self.recorder = Recorder()
        self.log = InMemoryLog(self.recorder, self.recorder, later=self.turns.append)
        self.outcomes: list[object] = []

    def run(self) -> None:
        while self.turns:
            self.turns.pop(0)()


def test_nothing_is_committed_while_it_holds() -> None:
    f = Fixture()
    f.log.gain_leadership()
    f.log.hold()
    f.log.propose(b"x", f.outcomes.append)
    f.run()
    assert f.outcomes == []
    f.log.release()
    f.run()
    assert f.outcomes == [Committed(3, 1)]


def test_a_dropped_outcome_is_unknown_though_committed() -> None:
    f = Fixture()
    f.log.gain_leadership()
    f.log.drop_next_outcome()
    f.log.propose(b"x", f.outcomes.append)
    f.run()
    assert f.outcomes == [OutcomeUnknown()]
    assert f.recorder.applied == [b"x"]


def test_what_was_open_may_be_committed_by_the_next_leader_or_not() -> None:
    for commit_open, applied in ((True, [b"x"]), (False, [])):
        f = Fixture()
        f.log.gain_leadership()
        f.log.propose(b"x", f.outcomes.append)
        f.log.lose_leadership(commit_open=commit_open)
        f.run()
        assert f.outcomes == [OutcomeUnknown()]
        assert f.recorder.applied == applied


def test_it_refuses_while_it_does_not_lead() -> None:
    f = Fixture()
    f.log.propose(b"x", f.outcomes.append)
    f.run()
    assert f.outcomes == [ProposalRefused(RefusalCause.NOT_LEADING)]
