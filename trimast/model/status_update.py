"""A report of what became of a task."""

from dataclasses import dataclass
from enum import StrEnum

from trimast.model.ids import AgentId, FrameworkId, TaskId
from trimast.model.task_lifecycle import TaskState


class StatusSource(StrEnum):
    MASTER = "master"
    AGENT = "agent"
    EXECUTOR = "executor"


class StatusReason(StrEnum):
    """Named as in `mesos.v1.TaskStatus.Reason`, without its prefix."""

    AGENT_DISCONNECTED = "agent_disconnected"
    AGENT_REMOVED = "agent_removed"
    AGENT_REREGISTERED = "agent_reregistered"
    AGENT_RESTARTED = "agent_restarted"
    AGENT_UNKNOWN = "agent_unknown"
    COMMAND_EXECUTOR_FAILED = "command_executor_failed"
    CONTAINER_LIMITATION_MEMORY = "container_limitation_memory"
    CONTAINER_LIMITATION_DISK = "container_limitation_disk"
    CONTAINER_LAUNCH_FAILED = "container_launch_failed"
    EXECUTOR_TERMINATED = "executor_terminated"
    FRAMEWORK_REMOVED = "framework_removed"
    INVALID_OFFERS = "invalid_offers"
    RECONCILIATION = "reconciliation"
    TASK_INVALID = "task_invalid"
    TASK_KILLED_DURING_LAUNCH = "task_killed_during_launch"
    TASK_UNKNOWN = "task_unknown"


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One report about one task.

    Attributes:
        uuid: 16 bytes on a report that is committed: it is sent until the framework acknowledges
            it. What a master merely answers or announces has b"" and is sent once.
        sequence: counts the agent's reports about this task from 1; 0 on a master's.
        fence: of the launch that an agent reports about; 0 on a master's.
        timestamp_ms: wall clock, for people.
        exit_code, signal: how the task's process ended, if it did; one of them.
    """

    framework_id: FrameworkId
    task_id: TaskId
    agent_id: AgentId
    state: TaskState
    source: StatusSource
    timestamp_ms: int
    uuid: bytes = b""
    sequence: int = 0
    fence: int = 0
    reason: StatusReason | None = None
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None
