"""A report of what became of a task."""

from dataclasses import dataclass
from enum import StrEnum

from trimast.model.checks import CheckResult
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId
from trimast.model.resources import Resources
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
    EXECUTOR_REGISTRATION_TIMEOUT = "executor_registration_timeout"
    EXECUTOR_REREGISTRATION_TIMEOUT = "executor_reregistration_timeout"
    EXECUTOR_TERMINATED = "executor_terminated"
    EXECUTOR_UNREGISTERED = "executor_unregistered"
    FRAMEWORK_REMOVED = "framework_removed"
    INVALID_OFFERS = "invalid_offers"
    MAX_COMPLETION_TIME_REACHED = "max_completion_time_reached"
    RECONCILIATION = "reconciliation"
    TASK_CHECK_STATUS_UPDATED = "task_check_status_updated"
    TASK_GROUP_INVALID = "task_group_invalid"
    TASK_HEALTH_CHECK_STATUS_UPDATED = "task_health_check_status_updated"
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
        executor_id: of the task's executor; None if it has none of its own.
        healthy: as its health check has it; None if there is none, or no word of it yet.
        check: what its check gave last; None if it has none.
        limitation: that its reason is about: how much memory it had, what disk it was allowed.
        is_paused: it runs, and is held where it is.
        container: where it runs; None of one that does not.
        data, labels: from its executor, for the framework.
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
    executor_id: ExecutorId | None = None
    healthy: bool | None = None
    data: bytes = b""
    labels: tuple[tuple[str, str], ...] = ()
    check: CheckResult | None = None
    limitation: Resources | None = None
    is_paused: bool = False
    container: ContainerStatus | None = None
