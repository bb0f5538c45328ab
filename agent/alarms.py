"""When to look at what again: at most one time for each thing."""

import heapq
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from agent.tasks import TaskKey


class AlarmKind(StrEnum):
    SILENCE = "silence"
    RESEND = "resend"
    KILL = "kill"
    STOP = "stop"
    COMPLETION = "completion"
    HEALTH_CHECK = "health_check"
    CHECK = "check"
    EXECUTOR_SILENT = "executor_silent"
    EXECUTOR_KILL = "executor_kill"
    EXECUTOR_IDLE = "executor_idle"


class Alarm(NamedTuple):
    kind: AlarmKind
    key: TaskKey | None = None


@dataclass(slots=True)
class Alarms:
    """A heap of times; entries that were set anew or cancelled are skipped when they come up."""

    _due_ms: dict[Alarm, int] = field(default_factory=dict)
    _heap: list[tuple[int, int, Alarm]] = field(default_factory=list)
    _pushed: int = 0

    def set(self, alarm: Alarm, at_ms: int) -> None:
        """In place of an earlier time."""
        if self._due_ms.get(alarm) == at_ms:
            return
        self._due_ms[alarm] = at_ms
        self._pushed += 1
        heapq.heappush(self._heap, (at_ms, self._pushed, alarm))

    def is_set(self, alarm: Alarm) -> bool:
        return alarm in self._due_ms

    def cancel(self, alarm: Alarm) -> None:
        self._due_ms.pop(alarm, None)

    def next_ms(self) -> int | None:
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ms: int) -> list[Alarm]:
        """What is due, earliest first; none of it is set any more."""
        due: list[Alarm] = []
        while (next_ms := self.next_ms()) is not None and next_ms <= now_ms:
            alarm = heapq.heappop(self._heap)[2]
            del self._due_ms[alarm]
            due.append(alarm)
        return due

    def _drop_stale(self) -> None:
        while self._heap and self._due_ms.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
