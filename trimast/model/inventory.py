"""What an agent holds, as one short fingerprint: equal on both sides, or not."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from trimast.model.ids import FrameworkId, TaskId


@dataclass(frozen=True, slots=True, order=True)
class HeldTask:
    """
    Attributes:
        fence: log index of the accept that launched the task.
    """

    framework_id: FrameworkId
    task_id: TaskId
    fence: int


def inventory_digest(tasks: Iterable[HeldTask]) -> bytes:
    """32 bytes, the same for the same tasks in any order. Ids hold no control character."""
    digest = hashlib.sha256()
    for task in sorted(tasks):
        digest.update(f"{task.framework_id}\n{task.task_id}\n{task.fence}\n".encode())
    return digest.digest()
