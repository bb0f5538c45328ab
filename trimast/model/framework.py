"""A framework: a program that takes offers and launches tasks on them."""

from dataclasses import dataclass

DEFAULT_ROLE = "*"


@dataclass(frozen=True, slots=True)
class FrameworkInfo:
    """What a framework says of itself when it subscribes.

    Attributes:
        user: runs its tasks, unless a task's command names another; "" is the agent's own.
        failover_timeout_ms: how long it may be away before its tasks are killed.
        capabilities: names as in `mesos.v1.FrameworkInfo.Capability.Type`.
    """

    name: str
    user: str = ""
    failover_timeout_ms: int = 0
    checkpoint: bool = False
    roles: tuple[str, ...] = (DEFAULT_ROLE,)
    capabilities: frozenset[str] = frozenset()
    principal: str = ""
    hostname: str = ""
    webui_url: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def is_partition_aware(self) -> bool:
        return "PARTITION_AWARE" in self.capabilities
