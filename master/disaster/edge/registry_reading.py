"""The registry that a data directory or a backup holds."""

from collections.abc import Iterable

from master.disaster.counting import RegistryCounts, count
from master.edge.registry_log import CapturedRegistry, RegistryLog
from master.registry.new_life import begin_new_life
from master.registry.snapshot import RegistrySnapshot, capture
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


def registry_in_chunks(index: int, chunks: Iterable[bytes]) -> RegistryState:
    """
    Raises:
        SnapshotUnreadable: a newer program wrote it.
    """
    registry = RegistryLog()
    restoration = registry.restore(index)
    for chunk in chunks:
        restoration.take(chunk)
    restoration.put_in_place()
    return registry.state


def counts_of(state: RegistryState) -> RegistryCounts:
    return count(capture(state))


def captured(state: RegistryState) -> CapturedRegistry:
    return CapturedRegistry(capture(state))


def captured_for_new_life(state: RegistryState) -> CapturedRegistry:
    snapshot: RegistrySnapshot = begin_new_life(capture(state))
    return CapturedRegistry(snapshot)
