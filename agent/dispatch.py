"""Everything an agent reacts to, on one screen."""

from dataclasses import dataclass
from typing import assert_never

from agent.alarms import AlarmKind
from agent.effects import AgentEffect
from agent.events import (
    AgentEvent,
    DeadlinePassed,
    DiskExceeded,
    LinkClosed,
    LinkOpened,
    MasterSaid,
    ProcessExited,
    ProcessMissing,
    ProcessPaused,
    ProcessStarted,
    ProcessVanished,
    RecordsWritten,
    StartFailed,
    StopAsked,
)
from agent.following import on_epoch_written, on_master_said
from agent.journaling import written
from agent.killing import on_kill_due
from agent.launching import on_process_started, on_start_failed, start
from agent.limiting import on_disk_exceeded
from agent.pausing import on_process_paused
from agent.reaping import on_process_exited, on_process_missing, on_process_vanished
from agent.registering import on_link_closed, on_link_opened, on_silence_due
from agent.reporting import on_resend_due, send_ready
from agent.state import AgentState, EpochWritten, ReportsWritten, Stamps, StartAllowed
from agent.stopping import go_on_stopping, on_stop_asked
from agent.tasks import Task, TaskKey


@dataclass(slots=True)
class Agent:
    state: AgentState
    stamps: Stamps

    def handle(self, event: AgentEvent, now_ms: int) -> list[AgentEffect]:
        effects = self._react(event, now_ms)
        return effects + go_on_stopping(self.state, now_ms)

    def next_deadline_ms(self) -> int | None:
        """When to send `DeadlinePassed`. In milliseconds of the clock that `handle` is given."""
        return self.state.alarms.next_ms()

    def _react(self, event: AgentEvent, now_ms: int) -> list[AgentEffect]:
        state, stamps = self.state, self.stamps
        match event:
            case MasterSaid():
                return on_master_said(state, event, stamps, now_ms)
            case RecordsWritten():
                return _on_records_written(state, event, stamps, now_ms)
            case ProcessStarted():
                return on_process_started(state, event, stamps, now_ms)
            case ProcessPaused():
                return on_process_paused(state, event, stamps)
            case StartFailed():
                return on_start_failed(state, event, stamps)
            case ProcessExited():
                return on_process_exited(state, event, stamps)
            case ProcessVanished():
                return on_process_vanished(state, event, stamps)
            case ProcessMissing():
                return on_process_missing(state, event, stamps)
            case DiskExceeded():
                return on_disk_exceeded(state, event)
            case LinkOpened():
                return on_link_opened(state, event, now_ms)
            case LinkClosed():
                return on_link_closed(state, event)
            case StopAsked():
                return on_stop_asked(state, event, stamps, now_ms)
            case DeadlinePassed():
                return _on_deadline_passed(state, now_ms)
            case _:
                assert_never(event)


def _on_records_written(
    state: AgentState, event: RecordsWritten, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    to_send: dict[TaskKey, Task] = {}
    for consequence in written(state, event.batch_id):
        match consequence:
            case StartAllowed():
                effects += start(state, consequence)
            case ReportsWritten():
                task = state.tasks.get(consequence.key)
                if task is not None and task.fence == consequence.fence:
                    task.stream.mark_written(consequence.sequence)
                    to_send[task.key] = task
            case EpochWritten():
                effects += on_epoch_written(state, consequence, stamps, now_ms)
            case _:
                assert_never(consequence)
    return effects + send_ready(state, to_send.values(), now_ms)


def _on_deadline_passed(state: AgentState, now_ms: int) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    to_resend: list[Task] = []
    for alarm in state.alarms.pop_due(now_ms):
        match alarm.kind:
            case AlarmKind.SILENCE:
                effects += on_silence_due(state, now_ms)
            case AlarmKind.KILL:
                assert alarm.key is not None
                effects += on_kill_due(state.tasks[alarm.key])
            case AlarmKind.RESEND:
                assert alarm.key is not None
                to_resend.append(state.tasks[alarm.key])
            case AlarmKind.STOP:
                pass  # `go_on_stopping` looks at the time after every event.
            case _:
                assert_never(alarm.kind)
    return effects + on_resend_due(state, to_resend, now_ms)
