"""What comes of a try."""

from dataclasses import dataclass

from agent.tasks import ProbeOf, TaskKey
from trimast.model.checks import CheckResult


@dataclass(frozen=True, slots=True)
class ProbeEnded:
    """
    Attributes:
        number: of the try.
        is_healthy: in the terms of a health check.
        detail: for people, if it is not.
    """

    key: TaskKey
    fence: int
    of: ProbeOf
    number: int
    result: CheckResult
    is_healthy: bool
    detail: str = ""
