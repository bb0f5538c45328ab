"""What became of a command: the registry took it, or says why not."""

from dataclasses import dataclass
from typing import Final

from master.registry.records import TaskRecord
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resources import NOTHING, Resources


@dataclass(frozen=True, slots=True)
class Applied:
    """The command is in force.

    Attributes:
        task: as it is now, if the command was about one that the registry had.
        freed: what it gave back, if it has ended by this.
    """

    task: TaskRecord | None = None
    freed: Resources = NOTHING


Outcome = Applied | Refused
APPLIED: Final = Applied()


def refused(reason: RefusalReason, detail: str) -> Refused:
    return Refused(reason, detail)
