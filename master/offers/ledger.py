"""Where every resource of an agent is: free, offered, promised to a launch, or used by a task."""

from dataclasses import dataclass, field

from trimast.model.ids import AgentId, FrameworkId, OfferId
from trimast.model.offer import Offer
from trimast.model.resources import NOTHING, Resources


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """
    Attributes:
        expires_ms: monotonic; it is rescinded then.
    """

    offer: Offer
    expires_ms: int


@dataclass(slots=True)
class AgentAccount:
    """The four places a resource can be. Their sum is the agent's total, after every move."""

    total: Resources
    free: Resources
    offered: Resources = NOTHING
    promised: Resources = NOTHING
    used: Resources = NOTHING

    def assert_balanced(self) -> None:
        assert self.free + self.offered + self.promised + self.used == self.total


@dataclass(slots=True)
class OfferLedger:
    accounts: dict[AgentId, AgentAccount] = field(default_factory=dict)
    open_offers: dict[OfferId, OpenOffer] = field(default_factory=dict)
    held_by: dict[FrameworkId, Resources] = field(default_factory=dict)
    """Amounts offered, promised and used, of each framework: what fairness is measured by. Of ports
    and the like each agent has its own under the same names: they cannot be summed."""

    def add_agent(self, agent_id: AgentId, total: Resources, used: Resources = NOTHING) -> None:
        assert agent_id not in self.accounts
        self.accounts[agent_id] = AgentAccount(total=total, free=total - used, used=used)

    def set_total(self, agent_id: AgentId, total: Resources) -> None:
        """The agent has changed. None of its resources may be offered at this moment."""
        account = self.accounts[agent_id]
        assert account.offered == NOTHING
        account.free = total - account.promised - account.used
        account.total = total
        account.assert_balanced()

    def remove_agent(self, agent_id: AgentId) -> None:
        account = self.accounts[agent_id]
        assert account.free == account.total, f"{agent_id} is still in use"
        del self.accounts[agent_id]

    def open(self, offer: Offer, expires_ms: int) -> None:
        """Move the offer's resources from free to offered."""
        assert offer.offer_id not in self.open_offers
        account = self.accounts[offer.agent_id]
        account.free -= offer.resources
        account.offered += offer.resources
        self.open_offers[offer.offer_id] = OpenOffer(offer, expires_ms)
        self._hold(offer.framework_id, offer.resources)
        account.assert_balanced()

    def close(self, offer_id: OfferId) -> Offer:
        """Move the offer's resources from offered back to free."""
        offer = self.open_offers.pop(offer_id).offer
        account = self.accounts[offer.agent_id]
        account.offered -= offer.resources
        account.free += offer.resources
        self._let_go(offer.framework_id, offer.resources)
        account.assert_balanced()
        return offer

    def promise(self, agent_id: AgentId, framework_id: FrameworkId, resources: Resources) -> None:
        """Set free resources aside until the launch that wants them is committed or refused."""
        account = self.accounts[agent_id]
        account.free -= resources
        account.promised += resources
        self._hold(framework_id, resources)
        account.assert_balanced()

    def keep_promise(self, agent_id: AgentId, resources: Resources) -> None:
        account = self.accounts[agent_id]
        account.promised -= resources
        account.used += resources
        account.assert_balanced()

    def break_promise(
        self, agent_id: AgentId, framework_id: FrameworkId, resources: Resources
    ) -> None:
        account = self.accounts[agent_id]
        account.promised -= resources
        account.free += resources
        self._let_go(framework_id, resources)
        account.assert_balanced()

    def convert(self, agent_id: AgentId, consumed: Resources, converted: Resources) -> None:
        """What is promised becomes as much of another kind, and so does the agent's total."""
        account = self.accounts[agent_id]
        account.promised = account.promised - consumed + converted
        account.total = account.total - consumed + converted
        account.assert_balanced()

    def release(self, agent_id: AgentId, framework_id: FrameworkId, resources: Resources) -> None:
        """A task has ended: move what it used back to free."""
        account = self.accounts[agent_id]
        account.used -= resources
        account.free += resources
        self._let_go(framework_id, resources)
        account.assert_balanced()

    def offers_to(self, framework_id: FrameworkId) -> list[Offer]:
        return [o.offer for o in self.open_offers.values() if o.offer.framework_id == framework_id]

    def offers_of(self, agent_id: AgentId) -> list[Offer]:
        return [o.offer for o in self.open_offers.values() if o.offer.agent_id == agent_id]

    def held_by_framework(self, framework_id: FrameworkId) -> Resources:
        return self.held_by.get(framework_id, NOTHING)

    def _hold(self, framework_id: FrameworkId, resources: Resources) -> None:
        self.held_by[framework_id] = self.held_by_framework(framework_id) + resources.amounts

    def _let_go(self, framework_id: FrameworkId, resources: Resources) -> None:
        left = self.held_by_framework(framework_id) - resources.amounts
        if left.is_empty:
            self.held_by.pop(framework_id, None)
        else:
            self.held_by[framework_id] = left
