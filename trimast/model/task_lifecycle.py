"""The states of a task, and every step a task may take between them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TaskState(StrEnum):
    """Named as in `mesos.v1.TaskState`, without its prefix."""

    STAGING = "staging"
    STARTING = "starting"
    RUNNING = "running"
    KILLING = "killing"
    UNREACHABLE = "unreachable"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    ERROR = "error"
    LOST = "lost"
    DROPPED = "dropped"
    GONE = "gone"
    GONE_BY_OPERATOR = "gone_by_operator"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL_STATES


TERMINAL_STATES: Final = frozenset(
    {
        TaskState.FINISHED,
        TaskState.FAILED,
        TaskState.KILLED,
        TaskState.ERROR,
        TaskState.LOST,
        TaskState.DROPPED,
        TaskState.GONE,
        TaskState.GONE_BY_OPERATOR,
    }
)

_ENDS: Final = TERMINAL_STATES
_AWAY: Final = frozenset({TaskState.UNREACHABLE})

NEXT_STATES: Final[Mapping[TaskState, frozenset[TaskState]]] = {
    TaskState.STAGING: _ENDS | _AWAY | {TaskState.STARTING, TaskState.RUNNING, TaskState.KILLING},
    TaskState.STARTING: _ENDS | _AWAY | {TaskState.RUNNING, TaskState.KILLING},
    # RUNNING may follow RUNNING: a change of health is reported that way.
    TaskState.RUNNING: _ENDS | _AWAY | {TaskState.RUNNING, TaskState.KILLING},
    # A task that is being killed may still fail or end by itself, but is not reported finished.
    TaskState.KILLING: (_ENDS - {TaskState.FINISHED}) | _AWAY,
    # Unreachable is not gone: when its agent returns, the task is what the agent says it is.
    TaskState.UNREACHABLE: _ENDS
    | {TaskState.STAGING, TaskState.STARTING, TaskState.RUNNING, TaskState.KILLING},
    # Never the state of a task that is in the registry: an answer to "what of this task?".
    TaskState.UNKNOWN: frozenset(),
    **{end: frozenset() for end in TERMINAL_STATES},
}
