"""A task runs: from here on it is watched, until it ends or is to end."""

from agent.alarms import Alarm, AlarmKind
from agent.checks.effects import RunProbe
from agent.checks.events import ProbeEnded
from agent.effects import AgentEffect
from agent.journaling import write
from agent.killing import end_task, grace_of
from agent.reporting import make_report
from agent.state import AgentState, ReportsWritten, Stamps
from agent.tasks import Phase, ProbeOf, Probing, Task, WatchNotes
from trimast.model.checks import Check, CheckResult, HealthCheck
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

TICK_MS = 10
"""Of the kernel's clock, in which the start of a process is told: 100 a second on every Linux."""

ALARM_OF = {ProbeOf.HEALTH: AlarmKind.HEALTH_CHECK, ProbeOf.CHECK: AlarmKind.CHECK}


def begin_watching(state: AgentState, task: Task, now_ms: int, *, is_back: bool) -> None:
    """
    Args:
        is_back: it was started by an earlier life of the agent.
    """
    watch = task.notes.watch
    if watch is None:
        return
    if watch.check is not None and task.check is None:
        task.check = CheckResult(watch.check.probe.kind)
    began_ms = min(now_ms, task.start_ticks * TICK_MS) if is_back else now_ms
    if watch.max_completion_ms is not None:
        due_ms = began_ms + watch.max_completion_ms
        state.alarms.set(Alarm(AlarmKind.COMPLETION, task.key), due_ms)
    for of in ProbeOf:
        check = _check_of(watch, of)
        if check is not None:
            task.probes[of] = Probing(began_ms)
            delay_ms = 0 if is_back else check.delay_ms
            state.alarms.set(Alarm(ALARM_OF[of], task.key), now_ms + delay_ms)


def on_time_up(state: AgentState, task: Task, stamps: Stamps, now_ms: int) -> list[AgentEffect]:
    """It has had all the time that its framework allowed it."""
    effects = end_task(state, task, grace_of(state, task), stamps, now_ms, by_order=False)
    if task.kill is not None and not task.kill.by_order:
        task.kill.verdict = StatusReason.MAX_COMPLETION_TIME_REACHED
    return effects


def is_time_up(task: Task, now_ms: int) -> bool:
    """Of a task that was found again."""
    watch = task.notes.watch
    if watch is None or watch.max_completion_ms is None:
        return False
    return task.start_ticks * TICK_MS + watch.max_completion_ms <= now_ms


def on_probe_due(state: AgentState, task: Task, of: ProbeOf, now_ms: int) -> list[AgentEffect]:
    watch, probing = task.notes.watch, task.probes.get(of)
    if watch is None or probing is None or task.kill is not None:
        return []  # Whether one that is to end is well is of no interest.
    check = _check_of(watch, of)
    assert check is not None
    assert state.agent_id is not None
    if task.is_paused:
        # It cannot answer, and that is nobody's fault.
        state.alarms.set(Alarm(ALARM_OF[of], task.key), now_ms + check.interval_ms)
        return []
    probing.tries += 1
    probe = RunProbe(
        state.agent_id,
        task.key,
        task.fence,
        of,
        probing.tries,
        check.probe,
        check.timeout_ms,
        watch.environment,
        watch.user,
        task.notes.group,
    )
    return [probe]


def on_probe_ended(
    state: AgentState, event: ProbeEnded, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    task = state.tasks.get(event.key)
    if task is None or task.fence != event.fence or task.phase is not Phase.RUNNING:
        return []
    watch, probing = task.notes.watch, task.probes.get(event.of)
    if watch is None or probing is None or probing.tries != event.number or task.kill is not None:
        return []
    check = _check_of(watch, event.of)
    assert check is not None
    state.alarms.set(Alarm(ALARM_OF[event.of], task.key), now_ms + check.interval_ms)
    if event.of is ProbeOf.CHECK:
        return _take_result(state, task, event.result, stamps)
    assert watch.health_check is not None
    if event.is_healthy:
        probing.failures, probing.was_healthy = 0, True
        return _take_health(state, task, True, "", stamps)
    return _take_failure(state, task, watch.health_check, event.detail, stamps, now_ms)


def _take_failure(
    state: AgentState,
    task: Task,
    health: HealthCheck,
    detail: str,
    stamps: Stamps,
    now_ms: int,
) -> list[AgentEffect]:
    probing = task.probes[ProbeOf.HEALTH]
    if not probing.was_healthy and now_ms - probing.began_ms <= health.grace_ms:
        return []
    probing.failures += 1
    effects = _take_health(state, task, False, detail, stamps)
    if probing.failures >= health.failures_max:
        grace_ms = grace_of(state, task)
        effects += end_task(state, task, grace_ms, stamps, now_ms, by_order=True)
    return effects


def _take_health(
    state: AgentState, task: Task, is_healthy: bool, detail: str, stamps: Stamps
) -> list[AgentEffect]:
    if task.healthy is is_healthy:
        return []
    task.healthy = is_healthy
    reason = StatusReason.TASK_HEALTH_CHECK_STATUS_UPDATED
    return _report(state, task, reason, detail, stamps)


def _take_result(
    state: AgentState, task: Task, result: CheckResult, stamps: Stamps
) -> list[AgentEffect]:
    if task.check == result:
        return []
    task.check = result
    return _report(state, task, StatusReason.TASK_CHECK_STATUS_UPDATED, "", stamps)


def _report(
    state: AgentState, task: Task, reason: StatusReason, message: str, stamps: Stamps
) -> list[AgentEffect]:
    report = make_report(
        state,
        stamps,
        task,
        TaskState.RUNNING,
        source=StatusSource.EXECUTOR,
        reason=reason,
        message=message,
    )
    written = ReportsWritten(task.key, task.fence, report.update.sequence)
    return [write(state, [report], [written])]


def _check_of(watch: WatchNotes, of: ProbeOf) -> Check | None:
    if of is ProbeOf.CHECK:
        return watch.check
    return None if watch.health_check is None else watch.health_check.check
