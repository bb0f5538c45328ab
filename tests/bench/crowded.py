"""A registry with very many tasks, as a cluster has it that was up for long."""

from typing import Final

from master.registry.records import (
    AgentRecord,
    AgentState,
    FrameworkRecord,
    FrameworkState,
    TaskRecord,
)
from master.registry.state import RegistryState
from trimast.model.agent import AgentInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, FrameworkId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusSource, StatusUpdate
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.task_lifecycle import TaskState

TASKS_AN_AGENT: Final = 1_000
FRAMEWORKS: Final = 10
_MADE_AT_MS: Final = 1_750_000_000_000
_TASK: Final = Resources.of({"cpus": 10, "mem": 16_000})
_AGENT: Final = Resources.of({"cpus": 64_000, "mem": 262_144_000})
_AWAY_MAX_MS: Final = 365 * 24 * 60 * 60 * 1000


def crowded_registry(tasks: int, tasks_an_agent: int = TASKS_AN_AGENT) -> RegistryState:
    """Every task runs and its framework knows; every value is an object of its own, as after
    years of commands."""
    state = RegistryState(epoch=1)
    for number in range(FRAMEWORKS):
        info = FrameworkInfo(f"f{number}", failover_timeout_ms=_AWAY_MAX_MS, checkpoint=True)
        framework = FrameworkRecord(
            FrameworkId(f"F-{number}"), info, FrameworkState.AWAY, 1, _MADE_AT_MS, _MADE_AT_MS
        )
        state.frameworks[framework.framework_id] = framework
    for number in range(-(-tasks // tasks_an_agent)):
        agent_id = AgentId(f"A-{number}")
        agent = AgentInfo(f"host-{number}.example", 5051, _AGENT, boot_id=f"boot-{number}")
        state.agents[agent_id] = AgentRecord(
            agent_id, agent, AgentState.ACTIVE, _MADE_AT_MS, _MADE_AT_MS
        )
    for number in range(tasks):
        state.add_task(_task(number, tasks_an_agent))
    return state


def _task(number: int, tasks_an_agent: int) -> TaskRecord:
    framework_id = FrameworkId(f"F-{number % FRAMEWORKS}")
    task_id = TaskId(f"task-{number:07}")
    agent_id = AgentId(f"A-{number // tasks_an_agent}")
    command = CommandInfo(f"sleep {number}", environment=(("NUMBER", str(number)),))
    resources = Resources.of(dict(_TASK.scalars))
    info = TaskInfo(task_id, f"task {number}", agent_id, resources, command)
    running = StatusUpdate(
        framework_id=framework_id,
        task_id=task_id,
        agent_id=agent_id,
        fence=number + 2,
        sequence=2,
        uuid=number.to_bytes(16, "big"),
        state=TaskState.RUNNING,
        source=StatusSource.EXECUTOR,
        timestamp_ms=_MADE_AT_MS + number,
    )
    return TaskRecord(
        framework_id,
        info,
        fence=number + 2,
        launched_at_ms=_MADE_AT_MS,
        state=TaskState.RUNNING,
        latest=running,
        sequence=2,
    )
