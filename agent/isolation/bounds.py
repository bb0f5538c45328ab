"""The bounds of a task's cgroup, from its resources and limits. The numbers are those of Mesos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.launcher.cgroups.contract import PERIOD_US, Bounds
from trimast.model.resources import Resources
from trimast.model.task import Limits

SHARES_A_CORE: Final = 1024
SHARES_MIN: Final = 2
QUOTA_US_MIN: Final = 1_000
MEM_BYTES_MIN: Final = 32 * 1024 * 1024
"""With less, hardly any program gets as far as to say what it lacks."""
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BoundsRules:
    """The part of the settings that this depends on.

    Attributes:
        pids_max: 0 for as many as the machine bears.
        enforce_cpu: a task that names no limit gets no more CPU than it asks for.
    """

    pids_max: int = 4_096
    enforce_cpu: bool = False


def bounds_of(resources: Resources, limits: Limits, rules: BoundsRules) -> Bounds:
    resources = resources.amounts
    cpus_milli = resources.scalar_milli("cpus")
    asked_bytes = max(MEM_BYTES_MIN, _mib_milli_to_bytes(resources.scalar_milli("mem")))
    named = dict(limits)
    return Bounds(
        cpu_shares=max(SHARES_MIN, cpus_milli * SHARES_A_CORE // 1000),
        cpu_quota_us=_quota_us(cpus_milli, named, rules),
        mem_bytes=_hard_bytes(asked_bytes, named),
        mem_soft_bytes=asked_bytes,
        pids_max=rules.pids_max or None,
    )


def _quota_us(cpus_milli: int, named: Mapping[str, int | None], rules: BoundsRules) -> int | None:
    limit_milli = named.get("cpus", cpus_milli if rules.enforce_cpu else None)
    if limit_milli is None:
        return None
    return max(QUOTA_US_MIN, limit_milli * PERIOD_US // 1000)


def _hard_bytes(asked_bytes: int, named: Mapping[str, int | None]) -> int | None:
    if "mem" not in named:
        return asked_bytes
    limit_milli = named["mem"]
    return None if limit_milli is None else max(asked_bytes, _mib_milli_to_bytes(limit_milli))


def _mib_milli_to_bytes(milli: int) -> int:
    return milli * _MIB // 1000
