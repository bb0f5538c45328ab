"""What frameworks do not want to be offered for a while: filters, and suppressed offers."""

from dataclasses import dataclass, field

from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resources import Resources


@dataclass(frozen=True, slots=True)
class Filter:
    """
    Attributes:
        resources: offers of no more than this are held back.
        until_ms: monotonic.
    """

    resources: Resources
    until_ms: int


@dataclass(slots=True)
class Refusals:
    filters: dict[FrameworkId, dict[AgentId, Filter]] = field(default_factory=dict)
    suppressed: set[FrameworkId] = field(default_factory=set)

    def refuse(
        self, framework_id: FrameworkId, agent_id: AgentId, resources: Resources, until_ms: int
    ) -> None:
        self.filters.setdefault(framework_id, {})[agent_id] = Filter(resources, until_ms)

    def wants(
        self, framework_id: FrameworkId, agent_id: AgentId, resources: Resources, now_ms: int
    ) -> bool:
        """Whether to offer it this. More than was refused is worth another look."""
        if framework_id in self.suppressed:
            return False
        refused = self.filters.get(framework_id, {}).get(agent_id)
        if refused is None or refused.until_ms <= now_ms:
            return True
        return not refused.resources.covers(resources)

    def revive(self, framework_id: FrameworkId) -> None:
        self.filters.pop(framework_id, None)
        self.suppressed.discard(framework_id)

    def suppress(self, framework_id: FrameworkId) -> None:
        self.suppressed.add(framework_id)

    def drop_passed(self, now_ms: int) -> bool:
        """Forget filters whose time is over; whether there were any."""
        dropped = False
        for framework_id, filters in list(self.filters.items()):
            kept = {a: f for a, f in filters.items() if f.until_ms > now_ms}
            dropped |= len(kept) < len(filters)
            if kept:
                self.filters[framework_id] = kept
            else:
                del self.filters[framework_id]
        return dropped

    def next_end_ms(self) -> int | None:
        ends = (f.until_ms for filters in self.filters.values() for f in filters.values())
        return min(ends, default=None)
