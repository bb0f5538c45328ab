"""How patient a driver is, and how much it remembers."""

from dataclasses import dataclass
from typing import Final

from trimast.model.framework import FrameworkInfo

FAILOVER_TIMEOUT_DEFAULT_MS: Final = 10 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    leader_timeout_ms: int | None = None
    """How long to look for a leader, at the start and after each loss. None: for ever."""
    teardown_timeout_ms: int = 10_000
    """How long to try to tell a leader that the framework is at its end."""
    silent_intervals_max: int = 3
    """Heartbeats that may fail to come before the leader is taken for lost. At least 2."""
    first_event_timeout_ms: int = 10_000
    """How long a leader may take to answer a subscription."""
    reconcile_first_ms: int = 1_000
    """Before asking again for tasks that were not answered; doubles each time."""
    reconcile_most_ms: int = 30_000
    events_waiting_max: int = 1_000
    """Events read ahead of the callbacks. The leader waits when there are more."""
    calls_waiting_max: int = 50_000
    """Calls not sent yet. With more, the leader is taken for lost."""
    updates_remembered_max: int = 65_536
    """Status updates, and ended tasks, that are known when they come again."""

    def __post_init__(self) -> None:
        if self.silent_intervals_max < 2:
            raise ValueError("silent_intervals_max must be at least 2: a heartbeat may be late")
        for name in ("events_waiting_max", "calls_waiting_max", "updates_remembered_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


def framework_info(framework: FrameworkInfo | str) -> FrameworkInfo:
    """A name stands for the framework that most people want.

    Its tasks outlive it by ten minutes, and it is told when an agent is out of reach rather than
    that its tasks are lost.
    """
    if isinstance(framework, FrameworkInfo):
        return framework
    return FrameworkInfo(
        name=framework,
        failover_timeout_ms=FAILOVER_TIMEOUT_DEFAULT_MS,
        checkpoint=True,
        capabilities=frozenset({"PARTITION_AWARE"}),
    )
