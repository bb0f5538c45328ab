"""What became of a command: the registry took it, or says why not."""

from dataclasses import dataclass
from typing import Final

from master.registry.records import TaskRecord
from trimast.model.refusal import RefusalReason, Refused


@dataclass(frozen=True, slots=True)
class Applied:
    """The command is in force.

    Attributes:
        task: as it is now, if the command was about one that the registry had.
    """

    task: TaskRecord | None = None


Outcome = Applied | Refused
APPLIED: Final = Applied()


def refused(reason: RefusalReason, detail: str) -> Refused:
    return Refused(reason, detail)
