"""The whole registry as it was at one moment: cheap to hold on to, since records never change."""

from dataclasses import dataclass, field, fields

from master.registry.records import AgentRecord, FrameworkRecord, OperationRecord, TaskRecord
from master.registry.state import RegistryState
from trimast.model.ids import AgentId, MasterId
from trimast.model.resources import Resources
from trimast.model.volume import VolumeRecord


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """Every list in the order of the state's own: what is oldest there is forgotten first."""

    epoch: int
    leader_id: MasterId | None
    agents: list[AgentRecord]
    frameworks: list[FrameworkRecord]
    tasks: list[TaskRecord]
    completed_tasks: list[TaskRecord]
    completed_frameworks: list[FrameworkRecord]
    used: list[tuple[AgentId, Resources]]
    reserved: list[tuple[AgentId, Resources]]
    volumes: list[tuple[AgentId, tuple[VolumeRecord, ...]]]
    operations: list[OperationRecord] = field(default_factory=list)


def capture(state: RegistryState) -> RegistrySnapshot:
    return RegistrySnapshot(
        state.epoch,
        state.leader_id,
        list(state.agents.values()),
        list(state.frameworks.values()),
        list(state.tasks.values()),
        list(state.completed_tasks.values()),
        list(state.completed_frameworks.values()),
        list(state.used.items()),
        list(state.reserved.items()),
        list(state.volumes.items()),
        [record for kept in state.operations.values() for record in kept.values()],
    )


def replace_all(state: RegistryState, restored: RegistryState) -> None:
    """Put another state in the place of this one, for all who hold it."""
    for each in fields(RegistryState):
        setattr(state, each.name, getattr(restored, each.name))
