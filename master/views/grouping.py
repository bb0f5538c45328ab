"""The tasks of a picture by the framework that they are of, and by whether they are over."""

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

from master.registry.records import TaskRecord
from master.views.picture import Picture
from trimast.model.ids import FrameworkId
from trimast.model.offer import Offer
from trimast.model.task_lifecycle import TaskState

STEP: Final = 1_000
"""So many are looked at between two moments at which others may have their turn."""

Tasks = dict[FrameworkId, list[TaskRecord]]


def _lists() -> Tasks:
    return defaultdict(list)


@dataclass(slots=True)
class Groups:
    """
    Attributes:
        active: with those that have ended, and of whose end the framework does not know yet.
    """

    active: Tasks = field(default_factory=_lists)
    unreachable: Tasks = field(default_factory=_lists)
    completed: Tasks = field(default_factory=_lists)
    offers: dict[FrameworkId, list[Offer]] = field(default_factory=dict)


def group(picture: Picture) -> Generator[str, None, Groups]:
    """Yields nothing of interest, now and then."""
    groups = Groups()
    for number, task in enumerate(picture.tasks, 1):
        is_away = picture.state_of(task) is TaskState.UNREACHABLE
        (groups.unreachable if is_away else groups.active)[task.framework_id].append(task)
        if number % STEP == 0:
            yield ""
    for number, task in enumerate(picture.completed_tasks, 1):
        groups.completed[task.framework_id].append(task)
        if number % STEP == 0:
            yield ""
    for offer in picture.offers:
        groups.offers.setdefault(offer.framework_id, []).append(offer)
    return groups
