"""Which agents are on the line, and how long the others may stay away."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from trimast.model.agent import AgentInfo
from trimast.model.ids import AgentId

LinkId = NewType("LinkId", int)


class LinkStage(Enum):
    ADMITTING = "admitting"
    """Waits for the registry to take the agent in."""
    TAKING_STOCK = "taking_stock"
    """Waits for the agent to say what it holds."""
    ACTIVE = "active"
    """May be given work."""


@dataclass(slots=True)
class AgentLink:
    """
    Attributes:
        heard_ms: when anything came from the agent last.
        was_unreachable: its tasks were given up as unreachable, and are to be announced again.
    """

    link_id: LinkId
    agent_id: AgentId
    info: AgentInfo
    digest: bytes
    stage: LinkStage
    heard_ms: int
    pinged_ms: int
    was_unreachable: bool = False


@dataclass(slots=True)
class AgentPresence:
    """
    Attributes:
        lost_at_ms: for each agent without a link: when it will be marked unreachable.
        marking: agents for which that is proposed, and not decided yet.
    """

    links: dict[LinkId, AgentLink] = field(default_factory=dict)
    link_of: dict[AgentId, AgentLink] = field(default_factory=dict)
    lost_at_ms: dict[AgentId, int] = field(default_factory=dict)
    marking: set[AgentId] = field(default_factory=set)

    def connect(self, link: AgentLink) -> AgentLink | None:
        """The agent is on this link from here on; returns the link that it replaces."""
        former = self.link_of.get(link.agent_id)
        if former is not None:
            del self.links[former.link_id]
        self.links[link.link_id] = link
        self.link_of[link.agent_id] = link
        self.lost_at_ms.pop(link.agent_id, None)
        return former

    def disconnect(self, link_id: LinkId, lost_at_ms: int) -> AgentLink | None:
        """Returns the link if it was the agent's; None if it had been replaced already."""
        link = self.links.pop(link_id, None)
        if link is None:
            return None
        del self.link_of[link.agent_id]
        self.lost_at_ms[link.agent_id] = lost_at_ms
        return link

    def lost_by(self, now_ms: int) -> list[AgentId]:
        """Agents whose time to come back is over."""
        return [agent_id for agent_id, due_ms in self.lost_at_ms.items() if due_ms <= now_ms]

    def active_link(self, agent_id: AgentId) -> AgentLink | None:
        link = self.link_of.get(agent_id)
        return link if link is not None and link.stage is LinkStage.ACTIVE else None
