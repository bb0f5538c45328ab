"""Everything an agent reacts to, on one screen."""

from dataclasses import dataclass
from typing import assert_never

from agent.alarms import AlarmKind
from agent.checks.events import ProbeEnded
from agent.checks.watching import on_probe_due, on_probe_ended, on_time_up
from agent.effects import AgentEffect, ReleaseSandbox
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
    VolumesGone,
    VolumesLinked,
)
from agent.executors.bounding import bound_executors
from agent.executors.ending import (
    on_executor_kill_due,
    on_executor_over,
    on_executor_silent,
    shut_down,
    watch_idle_executors,
)
from agent.executors.events import (
    ExecutorReported,
    ExecutorSaid,
    ExecutorSubscribed,
    ExecutorUnsubscribed,
)
from agent.executors.executor import Executor
from agent.executors.launching import on_executor_started
from agent.executors.linking import on_volumes_linked
from agent.executors.passing_on import on_executor_said
from agent.executors.reporting import on_executor_reported
from agent.executors.subscribing import on_executor_subscribed, on_executor_unsubscribed
from agent.following import on_epoch_written, on_master_said
from agent.groups import end_broken_groups
from agent.journaling import written
from agent.killing import on_kill_due
from agent.launching import on_process_started, on_start_failed, start
from agent.limiting import on_disk_exceeded
from agent.pausing import on_process_paused
from agent.reaping import on_process_exited, on_process_missing, on_process_vanished
from agent.registering import on_link_closed, on_link_opened, on_silence_due
from agent.reporting import on_resend_due, send_ready
from agent.state import (
    AgentState,
    EpochWritten,
    ExecutorEndWritten,
    ReportsWritten,
    Stamps,
    StartAllowed,
)
from agent.stopping import go_on_stopping, on_stop_asked
from agent.tasks import ProbeOf, Task, TaskKey
from agent.volumes.passing_on import on_volumes_gone


def executor_at(
    state: AgentState,
    event: ProcessStarted | StartFailed | ProcessExited | ProcessVanished | ProcessMissing,
) -> Executor | None:
    """Whose process it is; None if it is a task's own."""
    executor = state.executors.get(event.key)
    return executor if executor is not None and executor.fence == event.fence else None


@dataclass(slots=True)
class Agent:
    state: AgentState
    stamps: Stamps

    def handle(self, event: AgentEvent, now_ms: int) -> list[AgentEffect]:
        effects = self._react(event, now_ms)
        effects += end_broken_groups(self.state, self.stamps, now_ms)
        effects += watch_idle_executors(self.state, now_ms)
        effects += bound_executors(self.state)
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
                executor = executor_at(state, event)
                if executor is not None:
                    return on_executor_started(state, executor, event, now_ms)
                return on_process_started(state, event, stamps, now_ms)
            case ProcessPaused():
                return on_process_paused(state, event, stamps)
            case ExecutorSubscribed():
                return on_executor_subscribed(state, event, stamps, now_ms)
            case ExecutorUnsubscribed():
                return on_executor_unsubscribed(state, event)
            case ExecutorReported():
                return on_executor_reported(state, event)
            case ExecutorSaid():
                return on_executor_said(state, event)
            case ProbeEnded():
                return on_probe_ended(state, event, stamps, now_ms)
            case StartFailed() | ProcessExited() | ProcessVanished() | ProcessMissing() if (
                executor := executor_at(state, event)
            ) is not None:
                return on_executor_over(state, executor, event, stamps)
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
            case VolumesGone():
                return on_volumes_gone(state, event)
            case VolumesLinked():
                return on_volumes_linked(state, event, stamps)
            case LinkOpened():
                return on_link_opened(state, event, now_ms)
            case LinkClosed():
                return on_link_closed(state, event)
            case StopAsked():
                return on_stop_asked(state, event, stamps, now_ms)
            case DeadlinePassed():
                return _on_deadline_passed(state, stamps, now_ms)
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
            case ExecutorEndWritten():
                effects.append(ReleaseSandbox(consequence.key, consequence.fence))
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


def _on_deadline_passed(state: AgentState, stamps: Stamps, now_ms: int) -> list[AgentEffect]:
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
            case AlarmKind.COMPLETION:
                assert alarm.key is not None
                effects += on_time_up(state, state.tasks[alarm.key], stamps, now_ms)
            case AlarmKind.HEALTH_CHECK | AlarmKind.CHECK:
                assert alarm.key is not None
                of = ProbeOf.CHECK if alarm.kind is AlarmKind.CHECK else ProbeOf.HEALTH
                effects += on_probe_due(state, state.tasks[alarm.key], of, now_ms)
            case AlarmKind.EXECUTOR_SILENT:
                assert alarm.key is not None
                effects += on_executor_silent(state.executors[alarm.key], now_ms)
            case AlarmKind.EXECUTOR_KILL:
                assert alarm.key is not None
                effects += on_executor_kill_due(state.executors[alarm.key])
            case AlarmKind.EXECUTOR_IDLE:
                assert alarm.key is not None
                executor = state.executors[alarm.key]
                effects += shut_down(state, executor, now_ms, by_order=True)
            case AlarmKind.STOP:
                pass  # `go_on_stopping` looks at the time after every event.
            case _:
                assert_never(alarm.kind)
    return effects + on_resend_due(state, to_resend, now_ms)
