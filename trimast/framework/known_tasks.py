"""What a driver remembers of its tasks: which are open, which to ask for, what was told before.

No message, no clock and no waiting here: the driver brings events and does what they lead to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from trimast.model.ids import TaskId
from trimast.model.status_update import StatusReason, StatusUpdate
from trimast.model.task_lifecycle import TaskState

MAY_RETURN: Final = frozenset({TaskState.LOST, TaskState.GONE, TaskState.UNKNOWN})
"""Ends that a master gives from its own knowledge. The task may yet turn out to be alive."""


class Verdict(Enum):
    """What to do with an update."""

    DELIVER = auto()
    KNOWN = auto()
    """The scheduler need not hear it, but it must be acknowledged if it has a uuid."""
    AGAIN = auto()
    """This very update has been delivered. Acknowledge it again if it was acknowledged."""


@dataclass(slots=True)
class _OpenTask:
    """
    Attributes:
        stream: the number of the stream it was launched on; 0 if another process launched it.
    """

    stream: int
    state: TaskState = TaskState.STAGING


KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class _Recent(Generic[KeyT, ValueT]):
    """A dict that forgets its oldest entries."""

    def __init__(self, entries_max: int) -> None:
        self._entries: dict[KeyT, ValueT] = {}
        self._entries_max = entries_max

    def get(self, key: KeyT) -> ValueT | None:
        return self._entries.get(key)

    def put(self, key: KeyT, value: ValueT) -> None:
        self._entries[key] = value
        if len(self._entries) > self._entries_max:
            del self._entries[next(iter(self._entries))]

    def drop(self, key: KeyT) -> None:
        self._entries.pop(key, None)


class KnownTasks:
    """
    Args:
        remembered_max: updates, and ended tasks, that are recognised when they come again.
    """

    def __init__(self, remembered_max: int) -> None:
        self._open: dict[TaskId, _OpenTask] = {}
        self._ended: _Recent[TaskId, TaskState] = _Recent(remembered_max)
        self._acknowledged: _Recent[bytes, bool] = _Recent(remembered_max)
        self._unanswered: dict[TaskId, None] = {}
        self._asked_for: set[TaskId] = set()
        self._kills: dict[TaskId, int | None] = {}

    @property
    def open_ids(self) -> tuple[TaskId, ...]:
        """Launched, and not known to have ended."""
        return tuple(self._open)

    @property
    def kills(self) -> dict[TaskId, int | None]:
        """Grace in ms, by task: what was asked to end and has not, to be asked again."""
        return dict(self._kills)

    def launched(self, task_id: TaskId, stream: int) -> None:
        self._open[task_id] = _OpenTask(stream)
        self._ended.drop(task_id)
        # An answer about a former task of this id says nothing about the new one.
        self._unanswered.pop(task_id, None)
        self._asked_for.discard(task_id)
        self._kills.pop(task_id, None)

    def kill(self, task_id: TaskId, grace_ms: int | None) -> None:
        if self._ended.get(task_id) is None:
            self._kills[task_id] = grace_ms

    def asked_for(self, task_ids: Iterable[TaskId]) -> None:
        """The scheduler wants an answer about these, even one that it knows."""
        self._asked_for.update(task_ids)

    def begin_reconciliation(self) -> None:
        """After a break, every open task is in doubt until something is heard of it."""
        self._unanswered = dict.fromkeys([*self._open, *sorted(self._asked_for)])

    def unanswered(self) -> list[TaskId]:
        return list(self._unanswered)

    def is_acknowledged(self, uuid: bytes) -> bool:
        return self._acknowledged.get(uuid) is True

    def acknowledged(self, uuid: bytes) -> None:
        self._acknowledged.put(uuid, True)

    def take(self, update: StatusUpdate, stream: int) -> Verdict:
        """Remember `update`, and say who needs to hear of it.

        Args:
            stream: the number of the stream it came on.
        """
        if update.uuid:
            if self._acknowledged.get(update.uuid) is not None:
                return Verdict.AGAIN
            self._acknowledged.put(update.uuid, False)
        task_id, task = update.task_id, self._open.get(update.task_id)
        if task is None:
            return self._take_unopened(update)
        is_wanted = task_id in self._asked_for
        if _is_answer(update) and _ends(update) and task.stream == stream and not is_wanted:
            # Asked before this launch, about a former task of the same id.
            return Verdict.KNOWN
        is_own_answer = task_id in self._unanswered and _is_answer(update)
        is_news = is_wanted or not is_own_answer or update.state != task.state
        self._unanswered.pop(task_id, None)
        self._asked_for.discard(task_id)
        if _ends(update):
            self._end(update)
        else:
            task.state = update.state
        return Verdict.DELIVER if is_news else Verdict.KNOWN

    def _take_unopened(self, update: StatusUpdate) -> Verdict:
        """A task that has ended, or that another process of this framework launched."""
        end = self._ended.get(update.task_id)
        is_wanted = update.task_id in self._asked_for
        self._asked_for.discard(update.task_id)
        self._unanswered.pop(update.task_id, None)
        if end is not None and (_ends(update) or end not in MAY_RETURN):
            return Verdict.DELIVER if is_wanted and _is_answer(update) else Verdict.KNOWN
        if _ends(update):
            self._end(update)
        else:
            self._ended.drop(update.task_id)
            self._open[update.task_id] = _OpenTask(0, update.state)
        return Verdict.DELIVER

    def _end(self, update: StatusUpdate) -> None:
        self._open.pop(update.task_id, None)
        self._kills.pop(update.task_id, None)
        self._ended.put(update.task_id, update.state)


def _ends(update: StatusUpdate) -> bool:
    return update.state.is_terminal or update.state is TaskState.UNKNOWN


def _is_answer(update: StatusUpdate) -> bool:
    return not update.uuid and update.reason is StatusReason.RECONCILIATION
