"""A leader over a registry whose log commits at once: the smallest cluster worth testing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from master.leader.dispatch import Leader
from master.leader.effects import LeaderEffect, Propose, SendOffers, SendUpdate
from master.leader.events import (
    AgentConnected,
    AgentReported,
    CommandDecided,
    DeadlinePassed,
    FrameworkSubscribed,
    LeaderEvent,
    OffersAccepted,
)
from master.leader.settings import LeaderSettings
from master.leader.taking_over import take_over
from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from master.registry.apply import apply
from master.registry.commands import BeginEpoch, Command
from master.registry.outcome import Outcome
from master.registry.state import RegistryState
from trimast.model.agent import AgentInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, FrameworkId, MasterId, OfferId, TaskId
from trimast.model.inventory import HeldTask, inventory_digest
from trimast.model.offer import Offer
from trimast.model.resources import Resources, total_of
from trimast.model.status_update import StatusSource, StatusUpdate
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.task_lifecycle import TaskState

AGENT = AgentId("a1")
FRAMEWORK = FrameworkId("f1")
LINK = LinkId(1)
STREAM = StreamId(1)
TASK = TaskId("t1")

ONE_CORE = Resources.of({"cpus": 1_000, "mem": 512_000})
TWO_CORES = Resources.of({"cpus": 2_000, "mem": 1_024_000})
AGENT_INFO = AgentInfo("host-1", 5051, TWO_CORES, boot_id="boot-1")
FRAMEWORK_INFO = FrameworkInfo(
    "test", user="nobody", failover_timeout_ms=10_000, capabilities=frozenset({"PARTITION_AWARE"})
)
SETTINGS = LeaderSettings()
WALL_OFFSET_MS = 1_000_000


def a_task(
    task_id: TaskId = TASK, resources: Resources = ONE_CORE, agent_id: AgentId = AGENT
) -> TaskInfo:
    return TaskInfo(task_id, "test", agent_id, resources, CommandInfo("true"))


def a_report(
    state: TaskState,
    sequence: int,
    *,
    fence: int,
    task_id: TaskId = TASK,
    agent_id: AgentId = AGENT,
    framework_id: FrameworkId = FRAMEWORK,
) -> StatusUpdate:
    return StatusUpdate(
        framework_id=framework_id,
        task_id=task_id,
        agent_id=agent_id,
        state=state,
        source=StatusSource.EXECUTOR,
        timestamp_ms=5,
        uuid=f"{task_id}-{fence}-{sequence}".encode().ljust(16, b".")[:16],
        sequence=sequence,
        fence=fence,
    )


@dataclass
class LedCluster:
    """Feeds events to one leader, and commits at once whatever it proposes."""

    registry: RegistryState = field(default_factory=RegistryState)
    settings: LeaderSettings = SETTINGS
    now_ms: int = 1_000
    index: int = 0
    holds_log: bool = False
    held_back: list[Propose] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin_reign()

    def begin_reign(self, leader_id: str = "m1") -> None:
        self._apply(Command(self.registry.epoch, 0, BeginEpoch(MasterId(leader_id))))
        state = take_over(
            self.registry,
            self.settings,
            id_prefix="c",
            wall_offset_ms=WALL_OFFSET_MS,
            now_ms=self.now_ms,
        )
        self.leader = Leader(state)

    def feed(self, event: LeaderEvent) -> list[LeaderEffect]:
        """What the world sees of it, proposals and what came of them included."""
        effects = self.leader.handle(event, self.now_ms)
        seen: list[LeaderEffect] = []
        while effects:
            effect = effects.pop(0)
            if not isinstance(effect, Propose):
                seen.append(effect)
            elif self.holds_log:
                self.held_back.append(effect)
            else:
                effects += self._decide(effect)
        return seen

    def release_log(self) -> list[LeaderEffect]:
        """Commit what was held back, in order."""
        self.holds_log = False
        held_back, self.held_back = self.held_back, []
        seen: list[LeaderEffect] = []
        for proposal in held_back:
            for effect in self._decide(proposal):
                if isinstance(effect, Propose):
                    seen += self.release_one(effect)
                else:
                    seen.append(effect)
        return seen

    def release_one(self, proposal: Propose) -> list[LeaderEffect]:
        return [e for e in self._decide(proposal) if not isinstance(e, Propose)]

    def wait(self, ms: int) -> list[LeaderEffect]:
        """Let time pass, deadline by deadline."""
        end_ms = self.now_ms + ms
        seen: list[LeaderEffect] = []
        while True:
            deadline_ms = self.leader.next_deadline_ms()
            assert deadline_ms is not None
            if deadline_ms > end_ms:
                break
            self.now_ms = max(self.now_ms, deadline_ms)
            seen += self.feed(DeadlinePassed())
            following_ms = self.leader.next_deadline_ms()
            assert following_ms is not None
            assert following_ms > self.now_ms
        self.now_ms = end_ms
        return seen

    # What happens often

    def agent_comes(
        self,
        agent_id: AgentId | None = AGENT,
        *,
        link_id: LinkId = LINK,
        info: AgentInfo = AGENT_INFO,
        holding: Sequence[HeldTask] = (),
        epoch_seen: int = 0,
    ) -> list[LeaderEffect]:
        digest = inventory_digest(holding)
        return self.feed(AgentConnected(link_id, agent_id, info, digest, epoch_seen))

    def framework_comes(
        self,
        framework_id: FrameworkId | None = FRAMEWORK,
        *,
        stream_id: StreamId = STREAM,
        info: FrameworkInfo = FRAMEWORK_INFO,
    ) -> list[LeaderEffect]:
        return self.feed(FrameworkSubscribed(stream_id, framework_id, info))

    def next_offer(self, ms: int = 30) -> Offer:
        [offer] = self.offers_within(ms)
        return offer

    def offers_within(self, ms: int) -> list[Offer]:
        effects = self.wait(ms)
        return [o for e in effects if isinstance(e, SendOffers) for o in e.offers]

    def accept(
        self,
        *tasks: TaskInfo,
        offers: Sequence[OfferId],
        stream_id: StreamId = STREAM,
        refuse_ms: int = 0,
    ) -> list[LeaderEffect]:
        return self.feed(OffersAccepted(stream_id, tuple(offers), tasks, refuse_ms))

    def running_task(self, task: TaskInfo | None = None) -> int:
        """Launch on the next offer and report RUNNING; returns the fence."""
        task = task or a_task()
        offer = self.next_offer()
        self.accept(task, offers=[offer.offer_id])
        fence = self.registry.tasks[FRAMEWORK, task.task_id].fence
        self.report(a_report(TaskState.RUNNING, 1, fence=fence, task_id=task.task_id))
        return fence

    def report(self, *updates: StatusUpdate, link_id: LinkId = LINK) -> list[LeaderEffect]:
        return self.feed(AgentReported(link_id, updates))

    def _decide(self, proposal: Propose) -> list[LeaderEffect]:
        decision = proposal.command.decision
        outcome = self._apply(proposal.command)
        decided = CommandDecided(decision, self.index, outcome, proposal.regards)
        effects = self.leader.handle(decided, self.now_ms)
        self.assert_sums_balance()
        return effects

    def _apply(self, command: Command) -> Outcome:
        self.index += 1
        return apply(self.registry, self.index, command)

    def assert_sums_balance(self) -> None:
        """O1: the ledger's used is the registry's, agent by agent."""
        for agent_id, account in self.leader.state.ledger.accounts.items():
            account.assert_balanced()
            assert account.used == self.registry.used_on(agent_id)
            if agent_id in self.registry.agents:
                assert account.total == self.registry.total_on(agent_id)
        used = total_of(used.amounts for used in self.registry.used.values())
        assert total_of(self.registry.held.values()) == used


def updates_in(effects: Sequence[LeaderEffect]) -> list[StatusUpdate]:
    return [effect.update for effect in effects if isinstance(effect, SendUpdate)]


def a_cluster_with_agent_and_framework() -> LedCluster:
    cluster = LedCluster()
    cluster.agent_comes()
    cluster.framework_comes()
    return cluster
