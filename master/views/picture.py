"""All that listings show, as it was at one moment: cheap to take, since records never change.

What is made of it may take its time, while the leader goes on.
"""

from dataclasses import dataclass

from master.leader.state import LeaderState
from master.presence.agents import LinkStage
from master.registry.records import AgentRecord, AgentState, FrameworkRecord, TaskRecord, told_state
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.offer import Offer
from trimast.model.resource_kind import plain
from trimast.model.resources import NOTHING, Resources
from trimast.model.task_lifecycle import TaskState


@dataclass(frozen=True, slots=True)
class Picture:
    """
    Attributes:
        linked: agents that are on the line, and whom their leader knows again.
        subscribed: frameworks that are on the line.
    """

    agents: dict[AgentId, AgentRecord]
    frameworks: dict[FrameworkId, FrameworkRecord]
    completed_frameworks: dict[FrameworkId, FrameworkRecord]
    tasks: list[TaskRecord]
    completed_tasks: list[TaskRecord]
    used: dict[AgentId, Resources]
    held: dict[FrameworkId, Resources]
    reserved: dict[AgentId, Resources]
    offers: list[Offer]
    linked: frozenset[AgentId]
    subscribed: frozenset[FrameworkId]

    @property
    def known_agents(self) -> list[AgentRecord]:
        """Those that can be reached, or have been a moment ago."""
        return [a for a in self.agents.values() if a.state is AgentState.ACTIVE]

    def total_on(self, agent: AgentRecord) -> Resources:
        """What the agent has, as what it is reserved for."""
        reserved = self.reserved.get(agent.agent_id)
        total = agent.info.resources
        return total if reserved is None else total - plain(reserved) + reserved

    def used_on(self, agent: AgentRecord) -> Resources:
        return self.used.get(agent.agent_id, NOTHING)

    def state_of(self, task: TaskRecord) -> TaskState:
        return told_state(task.state, self.agents.get(task.agent_id))

    def framework_of(self, framework_id: FrameworkId) -> FrameworkRecord | None:
        return self.frameworks.get(framework_id) or self.completed_frameworks.get(framework_id)


def take_picture(leader: LeaderState) -> Picture:
    registry = leader.registry
    return Picture(
        agents=dict(registry.agents),
        frameworks=dict(registry.frameworks),
        completed_frameworks=dict(registry.completed_frameworks),
        tasks=list(registry.tasks.values()),
        completed_tasks=list(registry.completed_tasks.values()),
        used=dict(registry.used),
        held=dict(registry.held),
        reserved=dict(registry.reserved),
        offers=[opened.offer for opened in leader.ledger.open_offers.values()],
        linked=frozenset(
            agent_id
            for agent_id, link in leader.agents.link_of.items()
            if link.stage is not LinkStage.ADMITTING
        ),
        subscribed=frozenset(leader.frameworks.stream_of),
    )
