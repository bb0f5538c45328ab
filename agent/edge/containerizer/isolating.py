"""How tasks are kept apart on a machine, and where their cgroups are."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.isolation.bounds import BoundsRules
from agent.isolation.modes import Isolation


@dataclass(frozen=True, slots=True)
class Isolating:
    """
    Attributes:
        root: below which all agents of the machine have their cgroups.
        new_privileges: what a task runs may give it more than it has, as sudo does.
    """

    mode: Isolation
    root: str = "trimast"
    rules: BoundsRules = field(default_factory=BoundsRules)
    new_privileges: bool = False

    def root_for(self, folder: Path) -> str:
        """For the launcher in that folder, and for none beside it; "" if there is to be none."""
        if self.mode is Isolation.PROCESS:
            return ""
        return f"{self.root}/{_digest(str(folder.resolve()))[:12]}"


NOT_ISOLATING: Final = Isolating(Isolation.PROCESS)


def group_name(launch: str) -> str:
    """An id may be longer than a name of a folder, and hold anything."""
    return f"task-{_digest(launch)[:32]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
