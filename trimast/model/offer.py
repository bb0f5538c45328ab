"""An offer: what one agent has free, lent to one framework until it answers."""

from dataclasses import dataclass
from typing import Final

from trimast.model.attributes import Attribute
from trimast.model.framework import DEFAULT_ROLE
from trimast.model.ids import AgentId, FrameworkId, OfferId
from trimast.model.resources import Resources

REFUSE_DEFAULT_MS: Final = 5_000
REFUSE_MAX_MS: Final = 365 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Offer:
    """
    Attributes:
        hostname, http_port, attributes: of the agent; port 0 if it serves nothing.
    """

    offer_id: OfferId
    framework_id: FrameworkId
    agent_id: AgentId
    resources: Resources
    hostname: str = ""
    http_port: int = 0
    attributes: tuple[Attribute, ...] = ()
    role: str = DEFAULT_ROLE
