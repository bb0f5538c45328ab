"""Each agent's free resources go, as a whole, to the framework that has least and wants them."""

from collections.abc import Iterable

from master.allocator.dominant_share import dominant_share
from master.allocator.refusals import Refusals
from trimast.model.ids import AgentId, FrameworkId
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
) -> list[Allocation]:
    """
    Args:
        free: what may be offered, agent by agent; the order decides who is served first.
        held: what each framework that may be offered something has now. It is counted up here.
        cluster: all there is, for the shares.

    Returns:
        One row for each agent whose resources somebody wants.
    """
    shares = {f: dominant_share(amount, cluster) for f, amount in held.items()}
    allocations: list[Allocation] = []
    for agent_id, resources in free:
        if not is_worth_offering(resources):
            continue
        takers = [f for f in shares if refusals.wants(f, agent_id, resources, now_ms)]
        if not takers:
            continue
        # Of equal shares the older framework goes first; `min` keeps the first of equals.
        taker = min(takers, key=shares.__getitem__)
        allocations.append((agent_id, taker, resources))
        held[taker] = held.get(taker, NOTHING) + resources
        shares[taker] = dominant_share(held[taker], cluster)
    return allocations


def is_worth_offering(resources: Resources) -> bool:
    """Crumbs on which no task could run are kept until there is more, as Mesos does."""
    return (
        resources.scalar_milli("cpus") >= CPUS_MILLI_MIN
        or resources.scalar_milli("mem") >= MEM_MILLI_MIN
    )
