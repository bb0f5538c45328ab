"""What a leading master holds in memory. All of it may be lost: the next leader rebuilds it."""

from collections import deque
from dataclasses import dataclass, field

from master.allocator.refusals import Refusals
from master.leader.events import Step
from master.leader.settings import LeaderSettings
from master.offers.ledger import OfferLedger
from master.presence.agents import AgentPresence
from master.presence.frameworks import FrameworkPresence, StreamId
from master.registry.commands import Decision, LaunchGroup, LaunchTask
from master.registry.records import TaskKey
from master.registry.state import RegistryState
from trimast.model.ids import AgentId, FrameworkId, OfferId, OperationId
from trimast.model.operation import Operation
from trimast.model.resources import Resources

OperationKey = tuple[FrameworkId, OperationId]


@dataclass(slots=True)
class Delivery:
    """A report on its way to its framework.

    Attributes:
        again_ms: when it is sent once more.
        attempts: how often it has been sent.
    """

    key: TaskKey
    uuid: bytes
    again_ms: int
    attempts: int = 1


@dataclass(slots=True)
class OperationDelivery:
    """As `Delivery`, of an operation."""

    uuid: bytes
    again_ms: int
    attempts: int = 1


@dataclass(slots=True)
class Accept:
    """Accepted offers with operations, each of which is decided before the next is looked at.

    Attributes:
        deciding: the operation that is.
        left: of what was offered. All of it is promised meanwhile.
    """

    stream_id: StreamId
    framework_id: FrameworkId
    agent_id: AgentId
    steps: deque[Step]
    left: Resources
    refuse_ms: int
    deciding: Operation | None = None


@dataclass(slots=True)
class LeaderState:
    """
    Attributes:
        registry: what the masters agree on; read here, changed only by `apply`.
        id_prefix: begins every id that this leader gives; the epoch after it makes them unique.
        wall_offset_ms: from monotonic to wall time, for what people read.
        launching: launches that are proposed and not decided yet.
        accepts: that wait for an operation to be decided, by what its proposal regards.
        deliveries: by uuid, in the order in which they were sent first.
        operation_deliveries: the same of operations.
        postponed: what the log was too busy to take, to be proposed again.
        offers_due_ms: when to make offers next; None if nothing has changed.
        marks_due_ms: when to give up more agents that are overdue; None if none is left.
        tick_due_ms: when to look after whatever is only looked after now and then.
    """

    registry: RegistryState
    settings: LeaderSettings
    epoch: int
    id_prefix: str
    wall_offset_ms: int
    tick_due_ms: int
    ledger: OfferLedger = field(default_factory=OfferLedger)
    agents: AgentPresence = field(default_factory=AgentPresence)
    frameworks: FrameworkPresence = field(default_factory=FrameworkPresence)
    refusals: Refusals = field(default_factory=Refusals)
    launching: dict[TaskKey, LaunchTask | LaunchGroup] = field(default_factory=dict)
    accepts: dict[int, Accept] = field(default_factory=dict)
    deliveries: dict[bytes, Delivery] = field(default_factory=dict)
    operation_deliveries: dict[OperationKey, OperationDelivery] = field(default_factory=dict)
    postponed: dict[Decision, None] = field(default_factory=dict)
    offers_due_ms: int | None = None
    last_offers_ms: int | None = None
    marks_due_ms: int | None = None
    _ids_given: int = 0
    _accepts_begun: int = 0

    def wall_ms(self, now_ms: int) -> int:
        return now_ms + self.wall_offset_ms

    def want_offers(self, now_ms: int) -> None:
        """Something is free, or somebody wants it: make offers soon, but not all the time."""
        if self.offers_due_ms is not None:
            return
        if self.last_offers_ms is None:
            self.offers_due_ms = now_ms + 1
        else:
            earliest_ms = self.last_offers_ms + self.settings.offer_interval_ms
            self.offers_due_ms = max(now_ms + 1, earliest_ms)

    def new_agent_id(self) -> AgentId:
        return AgentId(self._new_id("S"))

    def new_framework_id(self) -> FrameworkId:
        return FrameworkId(self._new_id("F"))

    def wait_for_operation(self, accept: Accept) -> int:
        """What its proposal regards."""
        self._accepts_begun += 1
        self.accepts[self._accepts_begun] = accept
        return self._accepts_begun

    def new_offer_id(self) -> OfferId:
        return OfferId(self._new_id("O"))

    def _new_id(self, kind: str) -> str:
        self._ids_given += 1
        return f"{self.id_prefix}-{self.epoch}-{kind}{self._ids_given}"
