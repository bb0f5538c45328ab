"""An order to run a task: it is written down, then its process is started. Once, ever."""

from dataclasses import replace

from agent.checkpoints.records import ProcessBegun, Record, TaskAccepted
from agent.checks.watching import begin_watching, is_time_up
from agent.effects import AgentEffect, NoteFound, RefusalOfOrder, RefuseOrder, StartProcess
from agent.events import Asked, ProcessStarted, RunTask, RunTasks, StartFailed
from agent.executors.launching import find_place, hand_over
from agent.journaling import write
from agent.killing import force_when_due, grace_of, terminate_started
from agent.reporting import forget, make_report, report_end
from agent.state import AgentState, Consequence, ReportsWritten, Stamps, StartAllowed
from agent.task_environment import task_environment
from agent.tasks import Kill, Phase, Task, TaskNotes, WatchNotes
from trimast.model.checks import CheckResult
from trimast.model.container import Network
from trimast.model.executor import ExecutorKind
from trimast.model.resource_kind import plain, without_volumes
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task import network_of
from trimast.model.task_lifecycle import TaskState


def on_run_tasks(
    state: AgentState, order: RunTasks, epoch: int, stamps: Stamps
) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    records: list[Record] = []
    consequences: list[Consequence] = []
    late: list[AgentEffect] = []
    for run in order.tasks:
        refusal = _refusal(state, run)
        if refusal is not None:
            effects.append(RefuseOrder(refusal, epoch, run.key, run.fence))
            continue
        settled = state.tasks.get(run.key)
        if settled is not None:
            # The same id is launched again: masters allow that only once they know how the
            # earlier task ended, so its last reports would only confuse them now.
            effects += forget(state, settled)
        notes = _notes(state, run)
        task = Task(run.key, run.fence, Phase.ACCEPTED, notes=notes, info=run.task, user=run.user)
        task.role = run.role
        if run.task.check is not None:
            task.check = CheckResult(run.task.check.probe.kind)
        state.tasks[run.key] = task
        records.append(TaskAccepted(run.key, run.fence, notes=notes))
        consequences.append(StartAllowed(run.key, run.fence))
        if notes.executor_id is None:
            records.append(make_report(state, stamps, task, TaskState.STARTING))
            consequences.append(ReportsWritten(run.key, run.fence, 1))
        else:
            # Its executor says when it starts.
            more, ends = find_place(state, run, task, stamps)
            records += more
            late += ends
    if records:
        effects.append(write(state, records, consequences))
    return effects + late


def start(state: AgentState, allowed: StartAllowed) -> list[AgentEffect]:
    """The record of the task is on disk."""
    task = state.tasks.get(allowed.key)
    if task is None or task.fence != allowed.fence or task.phase is not Phase.ACCEPTED:
        return []  # Killed while it was being written down.
    if task.notes.executor_id is not None:
        return hand_over(state, task)
    assert state.agent_id is not None
    assert task.info is not None
    task.phase = Phase.STARTING
    environment = task_environment(state, task.info, task.role)
    what = replace(task.info, command=replace(task.info.command, environment=environment))
    group = task.notes.group
    return [StartProcess(state.agent_id, task.key, task.fence, what, task.user, group)]


def on_process_started(
    state: AgentState, event: ProcessStarted, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase in {Phase.STARTING, Phase.RECOVERING}
    was_lost_sight_of = task.phase is Phase.RECOVERING
    is_news = task.pid == 0
    task.phase = Phase.RUNNING
    task.pid, task.start_ticks, task.boot_id = event.pid, event.start_ticks, state.info.boot_id
    effects: list[AgentEffect] = []
    if was_lost_sight_of:
        effects.append(NoteFound(task.key, task.fence, event.pid))
    if is_news:
        begun = ProcessBegun(task.key, task.fence, event.pid, event.start_ticks, task.boot_id)
        running = make_report(state, stamps, task, TaskState.RUNNING)
        reported = ReportsWritten(task.key, task.fence, running.update.sequence)
        effects.append(write(state, [begun, running], [reported]))
    begin_watching(state, task, now_ms, is_back=was_lost_sight_of)
    if event.asked is not None and task.kill is None:
        # By an earlier life of the agent. Asked again it might take that for the force.
        task.kill = Kill(now_ms + grace_of(state, task), event.asked is Asked.BY_ORDER)
        if event.asked is Asked.TO_STOP and is_time_up(task, now_ms):
            task.kill.verdict = StatusReason.MAX_COMPLETION_TIME_REACHED
        return effects + force_when_due(state, task, now_ms)
    return effects + terminate_started(state, task, now_ms)


def on_start_failed(state: AgentState, event: StartFailed, stamps: Stamps) -> list[AgentEffect]:
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase in {Phase.STARTING, Phase.RECOVERING}
    was_killed = task.kill is not None
    report = make_report(
        state,
        stamps,
        task,
        TaskState.KILLED if was_killed else TaskState.FAILED,
        source=StatusSource.AGENT,
        reason=(
            StatusReason.TASK_KILLED_DURING_LAUNCH
            if was_killed
            else StatusReason.CONTAINER_LAUNCH_FAILED
        ),
        message=event.why,
    )
    return report_end(state, task, report)


def _notes(state: AgentState, run: RunTask) -> TaskNotes:
    info = run.task
    is_custom = info.executor is not None and info.executor.kind is ExecutorKind.CUSTOM
    return TaskNotes(
        state.info.boot_id,
        info.kill_grace_ms,
        info.name,
        # A volume is not in its sandbox, and so not part of what may be used there.
        str(plain(without_volumes(info.resources))),
        run.ends_with_agent,
        info.executor.executor_id if info.executor is not None and is_custom else None,
        None if is_custom else _watch_notes(state, run),
        None if info.executor is None or is_custom else info.executor.executor_id,
        info.limits if is_custom else (),
        network_of(info) is Network.NONE,
        run.group_size if is_custom else 0,
    )


def _watch_notes(state: AgentState, run: RunTask) -> WatchNotes | None:
    info = run.task
    is_watched = info.check or info.health_check or info.max_completion_ms is not None
    if not is_watched:
        return None
    environment = task_environment(state, info, run.role)
    user = info.command.user or run.user
    return WatchNotes(info.check, info.health_check, info.max_completion_ms, environment, user)


def _refusal(state: AgentState, run: RunTask) -> RefusalOfOrder | None:
    """Why this task is not to be started; None if it is."""
    if state.stopping is not None:
        return RefusalOfOrder.STOPPING
    if run.task.agent_id != state.agent_id:
        return RefusalOfOrder.ANOTHER_AGENTS
    if state.ended.get(run.key, 0) >= run.fence:
        return RefusalOfOrder.ALREADY_ENDED
    held = state.tasks.get(run.key)
    if held is None:
        return None
    if held.fence == run.fence:
        return RefusalOfOrder.ALREADY_HELD
    if held.is_live or held.fence > run.fence:
        return RefusalOfOrder.FENCE_DIFFERS
    return None
