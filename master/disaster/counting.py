"""How much a registry holds: enough for people to tell one backup from another."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from master.registry.snapshot import RegistrySnapshot


@dataclass(frozen=True, slots=True)
class RegistryCounts:
    """
    Attributes:
        agents, frameworks, tasks: by state; tasks that still run, or whose end is not acknowledged.
        ended_tasks: that are kept only for those who ask.
    """

    epoch: int
    agents: Mapping[str, int]
    frameworks: Mapping[str, int]
    tasks: Mapping[str, int]
    ended_tasks: int

    def as_fields(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "agents": dict(self.agents),
            "frameworks": dict(self.frameworks),
            "tasks": dict(self.tasks),
            "ended_tasks": self.ended_tasks,
        }


def count(snapshot: RegistrySnapshot) -> RegistryCounts:
    return RegistryCounts(
        snapshot.epoch,
        _by_state(agent.state for agent in snapshot.agents),
        _by_state(framework.state for framework in snapshot.frameworks),
        _by_state(task.state for task in snapshot.tasks),
        len(snapshot.completed_tasks),
    )


def counts_as_text(fields: Mapping[str, Any]) -> str:
    """
    Args:
        fields: as `RegistryCounts.as_fields` has them.
    """
    things = ", ".join(_thing(name, fields.get(name, {})) for name in _NOUNS)
    return f"epoch {fields.get('epoch', 0)}, {things}, {fields.get('ended_tasks', 0)} ended tasks"


_NOUNS = ("agents", "frameworks", "tasks")


def _thing(name: str, by_state: Mapping[str, int]) -> str:
    total = sum(by_state.values())
    states = ", ".join(f"{number} {state}" for state, number in by_state.items())
    return f"{total} {name} ({states})" if total else f"no {name}"


def _by_state(states: Iterable[StrEnum]) -> dict[str, int]:
    return dict(sorted(Counter(state.value for state in states).items()))
