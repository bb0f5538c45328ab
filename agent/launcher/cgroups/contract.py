"""What the launcher wants of a task's group of processes, whichever way the kernel offers it."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

CGROUP_1: Final = "cgroup1"
CGROUP_2: Final = "cgroup2"
PROCESS: Final = "process"

LAUNCHER: Final = "launcher"
"""The group that the launcher itself is in."""
PERIOD_US: Final = 100_000
"""In each of these a task gets its quota, and no more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a group may use. None is without a bound.

    Attributes:
        cpu_shares: its weight beside others when there is too little CPU; 1024 for each core.
        cpu_quota_us: in each `PERIOD_US`.
        mem_bytes: beyond this the kernel ends processes of the group.
        mem_soft_bytes: down to this it is pressed when the machine runs short.
        pids_max: processes and threads.
    """

    cpu_shares: int
    cpu_quota_us: int | None = None
    mem_bytes: int | None = None
    mem_soft_bytes: int | None = None
    pids_max: int | None = None

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Bounds":
        """Raises TypeError, ValueError: not what an agent says."""
        bounds = cls(**said)
        for name in cls.__slots__:
            value = getattr(bounds, name)
            if value is not None and (not isinstance(value, int) or value < 0):
                raise ValueError(f"{name} is an amount, not {value!r}")
        return bounds


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes.

    Attributes:
        limit: None if there is none.
        oom_kills: how many of its processes the kernel has ended because of the limit.
    """

    limit: int | None
    usage: int
    peak: int
    oom_kills: int


@dataclass(frozen=True, slots=True)
class Usage:
    """
    Attributes:
        cpu_user_s, cpu_system_s: spent by all processes that ever were in the group.
        throttled_s: how long it had to wait because its quota was spent.
        rss_bytes: memory of processes, without what files take in the cache.
        pids: processes and threads.
    """

    cpu_user_s: float
    cpu_system_s: float
    throttled_s: float
    rss_bytes: int
    memory: Memory
    pids: int


class Groups(Protocol):
    """Groups of one agent, by name. Every method may raise OSError.

    Attributes:
        kind: CGROUP_1, CGROUP_2 or PROCESS.
        why: it is no more than PROCESS.
    """

    kind: str
    why: str

    def make(self, name: str, bounds: Bounds, *, with_cpu: bool = True) -> None:
        """One that is there already is given the bounds.

        Args:
            with_cpu: else it is as every new group, until `bound_cpu`.
        """

    def bound_cpu(self, name: str, bounds: Bounds) -> None: ...

    def resize(self, name: str, bounds: Bounds) -> bool:
        """Other bounds for one that lives. Nothing in it is ended by that.

        Returns:
            False if it holds more memory than it may from now on, and will not let go of it: then
            its earlier bound holds. To be repeated later.
        """

    def exists(self, name: str) -> bool: ...

    def enter(self, name: str, pid: int = 0) -> None:
        """Its children are born there.

        Args:
            pid: 0 is this very process; in v1, this very thread. That is far cheaper, since the
                kernel need not keep all others from forking meanwhile.
        """

    def members(self, name: str) -> list[int]:
        """The living; none if there is no such group."""

    def end_all(self, name: str) -> bool:
        """Kill whatever is in it, frozen or not. True if nothing was left there.

        To be repeated until then: what is killed takes its time.
        """

    def freeze(self, name: str, frozen: bool) -> None:
        """Stop all of it where it is, or let it go on. Survives this process."""

    def is_frozen(self, name: str) -> bool: ...

    def memory(self, name: str) -> Memory: ...

    def usage(self, name: str) -> Usage: ...

    def remove(self, name: str) -> bool:
        """False if it is not empty yet. True if there is none."""

    def names(self) -> list[str]:
        """Every group that there is, of this and of earlier launchers."""

    def settle_in(self) -> None:
        """This very process goes where whoever ends the agent's group does not reach it."""

    def close(self) -> None:
        """Remove what holds the groups, if there are none any more."""
