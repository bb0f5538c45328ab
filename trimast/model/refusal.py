"""Why a request was not granted. A refusal is returned, never raised: the caller expects it."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    AGENT_GONE = "agent_gone"
    AGENT_UNKNOWN = "agent_unknown"
    EXECUTOR_GONE = "executor_gone"
    FRAMEWORK_REMOVED = "framework_removed"
    FRAMEWORK_UNKNOWN = "framework_unknown"
    INVALID = "invalid"
    NOT_ENOUGH_RESOURCES = "not_enough_resources"
    NOTHING_TO_DO = "nothing_to_do"
    OUT_OF_ORDER = "out_of_order"
    OVERLOADED = "overloaded"
    STALE_EPOCH = "stale_epoch"
    TASK_EXISTS = "task_exists"
    TASK_UNKNOWN = "task_unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Refused:
    reason: RefusalReason
    detail: str
