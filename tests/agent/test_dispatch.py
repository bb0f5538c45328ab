"""Random lives of an agent: whatever comes in whatever order, the promises hold."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from agent.checkpoints.records import EpochSeen, Record, ReportMade
from agent.dispatch import Agent
from agent.effects import (
    AgentEffect,
    CloseLink,
    EndAgent,
    FindProcess,
    OpenLink,
    SendReports,
    StartProcess,
    WriteRecords,
)
from agent.events import (
    AgentEvent,
    DeadlinePassed,
    KillTask,
    KillTasks,
    LinkClosed,
    LinkOpened,
    MasterSaid,
    Order,
    Ping,
    ProcessExited,
    ProcessMissing,
    ProcessStarted,
    ProcessVanished,
    RecordsWritten,
    StartFailed,
    TakeReports,
    Vanishing,
)
from agent.recovering import recover
from agent.state import AgentRules
from agent.tasks import TaskKey
from tests.agent.one_agent import INFO, CountedStamps, accepted, run_order, welcome
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.task_lifecycle import NEXT_STATES, TaskState

STEPS = 400
KEYS = [TaskKey(FrameworkId("f"), TaskId(name)) for name in "abc"]


class World:
    """A disk that may lose what it has not written, a master that repeats itself, and deaths."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.stamps = CountedStamps()
        self.now_ms = 0
        self.disk: list[Record] = []
        self.writing: list[WriteRecords] = []
        self.starting: list[StartProcess] = []
        self.alive: list[tuple[TaskKey, int]] = []
        self.started: list[tuple[TaskKey, int]] = []
        self.sent: dict[tuple[TaskKey, int], list[tuple[int, TaskState]]] = {}
        self.untaken: list[bytes] = []
        self.epoch = 1
        self.link_id = 0
        self.is_dialling = False
        self.restarts = 0
        self.reboots = 0
        self.info = INFO
        self.ends: dict[tuple[TaskKey, int], ProcessExited | StartFailed] = {}
        self.finding: list[FindProcess] = []
        self.begin()

    def begin(self) -> None:
        rules = AgentRules(silence_max_ms=100_000)
        state, effects = recover(self.disk, rules, self.info)
        self.agent = Agent(state, self.stamps)
        self.writing, self.starting, self.finding = [], [], []
        for effect in effects:
            self.perform(effect)

    def feed(self, event: AgentEvent) -> None:
        for effect in self.agent.handle(event, self.now_ms):
            self.perform(effect)
        if isinstance(event, DeadlinePassed):
            deadline_ms = self.agent.next_deadline_ms()
            assert deadline_ms is None or deadline_ms > self.now_ms

    def perform(self, effect: AgentEffect) -> None:
        match effect:
            case WriteRecords():
                self.writing.append(effect)
            case StartProcess():
                assert accepted(effect.key, effect.fence, boot_id=self.info.boot_id) in self.disk
                assert (effect.key, effect.fence) not in self.started
                self.started.append((effect.key, effect.fence))
                self.starting.append(effect)
            case FindProcess():
                self.finding.append(effect)
            case SendReports():
                for report in effect.reports:
                    assert ReportMade(report) in self.disk
                    launch = (TaskKey(report.framework_id, report.task_id), report.fence)
                    self.sent.setdefault(launch, []).append((report.sequence, report.state))
                    self.untaken.append(report.uuid)
            case OpenLink():
                self.is_dialling = True
            case CloseLink():
                self.is_dialling = True
            case EndAgent():
                raise AssertionError("nobody asked it to end")
            case _:
                pass

    def say(self, order: Order, epoch: int) -> None:
        had_link = self.agent.state.link is not None
        self.feed(MasterSaid(self.link_id, epoch, order))
        if had_link and epoch < self.epoch_on_disk():
            assert self.agent.state.link is None

    def epoch_on_disk(self) -> int:
        return max((r.epoch for r in self.disk if isinstance(r, EpochSeen)), default=0)

    def step(self) -> None:
        self.now_ms += self.random.randrange(300)
        key = self.random.choice(KEYS)
        match self.random.randrange(14):
            case 0 | 1 | 2 if self.writing:
                count = self.random.randint(1, len(self.writing))
                done, self.writing = self.writing[:count], self.writing[count:]
                self.disk += [record for write in done for record in write.records]
                self.feed(RecordsWritten(done[-1].batch_id))
            case 3 | 4 if self.is_dialling:
                self.is_dialling = False
                self.link_id += 1
                self.feed(LinkOpened(self.link_id))
                self.say(welcome(send_inventory=self.random.random() < 0.5), self.epoch)
            case 5 | 6:
                fence = self.random.randint(1, 4) + self.epoch
                self.say(run_order(key, fence), self.epoch)
            case 7:
                self.say(
                    KillTasks((KillTask(key, self.random.choice([None, 0, 500])),)), self.epoch
                )
            case 8 | 9 if self.starting:
                order = self.starting.pop(self.random.randrange(len(self.starting)))
                place = (order.key, order.fence)
                if self.random.random() < 0.2:
                    self.ends[place] = StartFailed(*place, "why")
                    self.feed(self.ends[place])
                else:
                    self.alive.append(place)
                    self.feed(ProcessStarted(*place, 42, 99))
            case 8 | 9 | 10 if self.finding:
                self.find(self.finding.pop(self.random.randrange(len(self.finding))))
            case 10 if self.alive:
                place = self.alive.pop(self.random.randrange(len(self.alive)))
                self.ends[place] = ProcessExited(*place, self.random.choice([0, 1]), None)
                if not any((order.key, order.fence) == place for order in self.finding):
                    self.feed(self.ends[place])
            case 11 if self.untaken:
                uuids = self.random.choices(self.untaken, k=2)
                self.say(TakeReports(tuple(uuids)), self.epoch)
            case 12:
                deadline_ms = self.agent.next_deadline_ms()
                if deadline_ms is not None:
                    self.now_ms = max(self.now_ms, deadline_ms)
                    self.feed(DeadlinePassed())
                self.say(Ping(), self.epoch - (self.random.random() < 0.1))
            case 13:
                self.disturb()
            case _:
                self.say(Ping(), self.epoch)

    def find(self, order: FindProcess) -> None:
        """What a launcher says that has outlived the agent, unless the machine has not."""
        place = (order.key, order.fence)
        end = self.ends.get(place)
        if place in self.alive or isinstance(end, ProcessExited):
            self.feed(ProcessStarted(*place, 42, 99))
        if end is not None:
            self.feed(end)
        elif order.pid and place not in self.alive:
            self.feed(ProcessVanished(*place, Vanishing.MACHINE_RESTARTED))
        elif place not in self.alive:
            self.feed(ProcessMissing(*place))

    def disturb(self) -> None:
        dice = self.random.random()
        if dice < 0.3:
            self.epoch += 1
        elif dice < 0.6 and not self.is_dialling:
            self.feed(LinkClosed(self.link_id, "gone"))
        elif dice < 0.7:
            # Killed: what was on its way to the disk may be there, or a part of it, or not.
            self.disk += [
                record
                for write in self.writing[: self.random.randint(0, len(self.writing))]
                for record in write.records
            ]
            self.restarts += 1
            if self.random.random() < 0.2:
                self.reboots += 1
                self.info = replace(INFO, boot_id=f"boot-{self.reboots + 1}")
                self.alive = []
            self.begin()

    def check_reports(self) -> None:
        for reports in self.sent.values():
            states = dict(reports)
            ordered = [states[sequence] for sequence in sorted(states)]
            assert len(states) == len(set(reports)), "one number, one report"
            for earlier, later in pairwise(ordered):
                assert later in NEXT_STATES[earlier]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_the_promises_hold(seed: int) -> None:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.check_reports()


def test_the_lives_are_eventful() -> None:
    """Guards the test above: lives in which nothing happens prove nothing."""
    worlds = [World(seed) for seed in range(20)]
    for world in worlds:
        for _ in range(STEPS):
            world.step()
    assert sum(len(world.started) for world in worlds) > 200
    assert sum(world.restarts for world in worlds) > 20
    ends = [s for w in worlds for reports in w.sent.values() for _, s in reports if s.is_terminal]
    assert {TaskState.FINISHED, TaskState.FAILED, TaskState.KILLED, TaskState.LOST} <= set(ends)
    assert TaskState.DROPPED in ends
    assert sum(world.reboots for world in worlds) > 5


def test_the_same_life_again_is_the_same() -> None:
    worlds = [World(7), World(7)]
    for world in worlds:
        for _ in range(STEPS):
            world.step()
    assert worlds[0].sent == worlds[1].sent
