"""Reigns: begun by a committed epoch, ended at once, and never left in doubt."""

from collections import deque
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from master.edge.leadership import Leadership
from master.edge.metrics import MasterMetrics
from master.edge.registry_log import RegistryLog
from master.leader.effects import AnswerOperator, LeaderEffect
from master.leader.events import OperatorAsked
from master.leader.settings import LeaderSettings
from master.registry.commands import Decision, ProveQuorum
from master.registry.outcome import APPLIED, Outcome
from replication.in_memory import InMemoryLog
from tests.virtual_time_loop import run_in_virtual_time
from trimast.model.ids import MasterId


class Doors:
    def __init__(self) -> None:
        self.performed: list[LeaderEffect] = []
        self.decisions: list[Decision] = []
        self.closings = 0

    def perform(self, effect: LeaderEffect) -> None:
        self.performed.append(effect)

    def decided(self, decision: Decision, outcome: Outcome) -> None:
        self.decisions.append(decision)

    def close_all(self) -> None:
        self.closings += 1


class OneMaster:
    def __init__(self) -> None:
        self.turns: deque[Callable[[], None]] = deque()
        self.registry_log = RegistryLog()
        self.doors = Doors()
        self.metrics = MasterMetrics(CollectorRegistry())
        self.leadership = Leadership(
            MasterId("m1"), "c", self.registry_log, LeaderSettings(), self.metrics
        )
        self.log = InMemoryLog(self.registry_log, self.leadership, later=self.turns.append)
        self.leadership.begin(self.log, self.doors)

    def turn(self) -> None:
        while self.turns:
            self.turns.popleft()()

    def lead(self) -> None:
        self.log.gain_leadership()
        self.turn()

    def epoch_led(self) -> int | None:
        reign = self.leadership.reign
        return reign.state.epoch if reign is not None else None

    def ask(self, request: int) -> None:
        assert self.leadership.reign is not None
        self.leadership.reign.submit(OperatorAsked(request, ProveQuorum()))


def story(tell: Callable[[OneMaster], None]) -> None:
    async def telling() -> None:
        tell(OneMaster())

    run_in_virtual_time(telling())


def test_a_reign_begins_when_its_epoch_is_committed_and_not_before() -> None:
    def tell(master: OneMaster) -> None:
        master.log.hold()
        master.lead()
        assert master.epoch_led() is None
        master.log.release()
        master.turn()
        assert master.epoch_led() == 1
        assert master.registry_log.state.leader_id == "m1"

    story(tell)


def test_what_is_decided_comes_back_to_the_leader() -> None:
    def tell(master: OneMaster) -> None:
        master.lead()
        master.ask(7)
        assert master.doors.performed == []
        master.turn()
        assert master.doors.performed == [AnswerOperator(7, APPLIED, index=4)]

    story(tell)


def test_a_lost_leadership_ends_the_reign_and_closes_every_door() -> None:
    def tell(master: OneMaster) -> None:
        master.lead()
        reign = master.leadership.reign
        assert reign is not None
        master.log.hold()
        master.ask(1)
        master.log.lose_leadership(commit_open=True)
        assert master.epoch_led() is None
        assert master.doors.closings == 1
        # What a stream of that reign still brings goes nowhere, and neither does the decision.
        reign.submit(OperatorAsked(2, ProveQuorum()))
        master.turn()
        assert master.doors.performed == []

    story(tell)


def test_an_outcome_nobody_knows_ends_the_reign_and_begins_a_new_epoch() -> None:
    def tell(master: OneMaster) -> None:
        master.lead()
        master.log.drop_next_outcome()
        master.ask(1)
        master.turn()
        assert master.doors.closings == 1
        assert master.epoch_led() == 2

    story(tell)


def test_a_master_that_leads_again_begins_another_epoch() -> None:
    def tell(master: OneMaster) -> None:
        master.lead()
        master.log.lose_leadership()
        master.lead()
        assert master.registry_log.state.epoch == 2
        assert master.metrics.reigns._value.get() == 2

    story(tell)


def test_leadership_lost_before_the_epoch_is_committed_begins_nothing() -> None:
    def tell(master: OneMaster) -> None:
        master.log.hold()
        master.lead()
        master.log.lose_leadership(commit_open=True)
        master.turn()
        assert master.epoch_led() is None
        assert master.doors.closings == 0

    story(tell)
