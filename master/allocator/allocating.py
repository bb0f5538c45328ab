"""Each agent's free resources go, as a whole, to the framework that has least and wants them.

But for what is reserved for other roles: that waits for one of theirs.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType

from master.allocator.dominant_share import dominant_share
from master.allocator.refusals import Refusals
from trimast.model.framework import DEFAULT_ROLE
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resource_kind import visible_to
from trimast.model.resources import NOTHING, Resources

CPUS_MILLI_MIN = 10
MEM_MILLI_MIN = 32_000

Allocation = tuple[AgentId, FrameworkId, Resources]


def allocate(
    free: Iterable[tuple[AgentId, Resources]],
    held: dict[FrameworkId, Resources],
    cluster: Resources,
    refusals: Refusals,
    now_ms: int,
    role_of: Mapping[FrameworkId, str] = MappingProxyType({}),
) -> list[Allocation]:
    """
    Args:
        free: what may be offered, agent by agent; the order decides who is served first.
        held: what each framework that may be offered something has now. It is counted up here.
        cluster: the amounts of all there is, for the shares.
        role_of: those that are not named here see nothing that is reserved.

    Returns:
        Rows for each agent whose resources somebody wants.
    """
    shares = {f: dominant_share(amount, cluster) for f, amount in held.items()}
    allocations: list[Allocation] = []
    for agent_id, resources in free:
        left = resources
        while (row := _best(shares, agent_id, left, refusals, now_ms, role_of)) is not None:
            taker, part = row
            allocations.append((agent_id, taker, part))
            held[taker] = held.get(taker, NOTHING) + part.amounts
            shares[taker] = dominant_share(held[taker], cluster)
            left -= part
    return allocations


def _best(
    shares: Mapping[FrameworkId, Fraction],
    agent_id: AgentId,
    left: Resources,
    refusals: Refusals,
    now_ms: int,
    role_of: Mapping[FrameworkId, str],
) -> tuple[FrameworkId, Resources] | None:
    """Who has least of those that want what they may see of it."""
    if not is_worth_offering(left):
        return None
    best: FrameworkId | None = None
    visible = NOTHING
    for framework_id, share in shares.items():
        # Of equal shares the older framework goes first.
        if best is not None and share >= shares[best]:
            continue
        seen = visible_to(left, role_of.get(framework_id, DEFAULT_ROLE))
        if is_worth_offering(seen) and refusals.wants(framework_id, agent_id, seen, now_ms):
            best, visible = framework_id, seen
    return None if best is None else (best, visible)


def is_worth_offering(resources: Resources) -> bool:
    """Crumbs on which no task could run are kept until there is more, as Mesos does."""
    amounts = resources.amounts
    return (
        amounts.scalar_milli("cpus") >= CPUS_MILLI_MIN
        or amounts.scalar_milli("mem") >= MEM_MILLI_MIN
    )
