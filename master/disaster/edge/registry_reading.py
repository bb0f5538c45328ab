"""The registry that a data directory or a backup holds."""

from master.disaster.counting import RegistryCounts, count
from master.edge.registry_log import CapturedRegistry, RegistryLog
from master.registry.snapshot import capture
from master.registry.state import RegistryState
from replication.engine.inspecting import Findings


def registry_after(findings: Findings, index: int) -> RegistryState:
    """
    Raises:
        one of inspecting.FAULTS: it cannot be read.
    """
    registry = RegistryLog()
    findings.state_after(index, registry)
    return registry.state


def counts_of(state: RegistryState) -> RegistryCounts:
    return count(capture(state))


def captured(state: RegistryState) -> CapturedRegistry:
    return CapturedRegistry(capture(state))
