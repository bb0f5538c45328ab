"""Reports about tasks: made, written down, sent until a master has taken them."""

from collections.abc import Iterable

from agent.alarms import Alarm, AlarmKind
from agent.checkpoints.records import ReportMade, ReportsTaken
from agent.container_status import status_of_task
from agent.effects import AgentEffect, NoteEnded, NoteTaken, ReleaseSandbox, SendReports
from agent.events import TakeReports
from agent.executors.effects import Acknowledged, TellExecutor
from agent.executors.executor import Executor, executor_key
from agent.journaling import write
from agent.state import AgentState, ReportsWritten, Stamps
from agent.tasks import Phase, Task
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState


def make_report(
    state: AgentState,
    stamps: Stamps,
    task: Task,
    task_state: TaskState,
    *,
    source: StatusSource = StatusSource.EXECUTOR,
    reason: StatusReason | None = None,
    message: str = "",
    exit_code: int | None = None,
    signal: int | None = None,
    limitation: Resources | None = None,
) -> ReportMade:
    """The next report about `task`. The caller writes it down, then it may be sent."""
    assert state.agent_id is not None
    update = StatusUpdate(
        framework_id=task.key.framework_id,
        task_id=task.key.task_id,
        agent_id=state.agent_id,
        state=task_state,
        source=source,
        timestamp_ms=stamps.wall_ms(),
        uuid=stamps.report_uuid(),
        sequence=task.stream.made + 1,
        fence=task.fence,
        reason=reason,
        message=message,
        exit_code=exit_code,
        signal=signal,
        executor_id=task.notes.executor_id or task.notes.group,
        healthy=task.healthy,
        check=task.check,
        limitation=limitation,
        is_paused=task.is_paused and task_state is TaskState.RUNNING,
        container=status_of_task(state, task) if task_state is TaskState.RUNNING else None,
    )
    task.stream.add(update)
    task.state = task_state
    state.by_uuid[update.uuid] = task.key
    return ReportMade(update)


def report_end(state: AgentState, task: Task, report: ReportMade) -> list[AgentEffect]:
    """`report` is the last about `task`."""
    assert report.update.state.is_terminal
    task.phase = Phase.ENDED
    task.kill = None
    state.alarms.cancel(Alarm(AlarmKind.KILL, task.key))
    for kind in (AlarmKind.COMPLETION, AlarmKind.HEALTH_CHECK, AlarmKind.CHECK):
        state.alarms.cancel(Alarm(kind, task.key))
    if task.group is not None and report.update.state is not TaskState.FINISHED:
        state.broken_groups.append(task.group)
    if task.launched_with is not None:
        state.broken_groups.append(task.launched_with)
    executor = _executor_of(state, task)
    if executor is not None:
        executor.tasks.pop(task.key, None)
        executor.is_resized = True
    update = report.update
    return [
        NoteEnded(task.key, task.fence, update.state, update.message, update.reason),
        write(state, [report], [ReportsWritten(task.key, task.fence, update.sequence)]),
    ]


def send_ready(state: AgentState, tasks: Iterable[Task], now_ms: int) -> list[AgentEffect]:
    """What is on disk and has not been sent, of these tasks, as one message."""
    link = state.link
    if link is None or link.master_id is None:
        return []  # All of it goes out when a master welcomes us.
    ready: list[StatusUpdate] = []
    for task in tasks:
        ready += task.stream.next_to_send()
        _watch(state, task, now_ms)
    return [SendReports(link.link_id, tuple(ready))] if ready else []


def send_all_again(state: AgentState, now_ms: int) -> list[AgentEffect]:
    """A new master may know none of them."""
    for task in state.tasks.values():
        task.stream.attempts = 0
        state.alarms.cancel(Alarm(AlarmKind.RESEND, task.key))
    return _send_again(state, state.tasks.values(), now_ms)


def on_resend_due(state: AgentState, tasks: list[Task], now_ms: int) -> list[AgentEffect]:
    for task in tasks:
        task.stream.attempts += 1
    return _send_again(state, tasks, now_ms)


def on_reports_taken(state: AgentState, order: TakeReports) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    taken: list[bytes] = []
    for uuid in order.uuids:
        key = state.by_uuid.get(uuid)
        update = state.tasks[key].stream.take(uuid) if key is not None else None
        if update is None or key is None:
            continue  # Taken before, or of an earlier life; either way it is settled.
        taken.append(uuid)
        del state.by_uuid[uuid]
        if update.source is StatusSource.EXECUTOR:
            effects += _acknowledge(state, state.tasks[key], uuid)
        if update.state.is_terminal:
            effects += forget(state, state.tasks[key])
    if taken:
        effects += [write(state, [ReportsTaken(tuple(taken))]), NoteTaken(len(taken))]
    return effects


def forget(state: AgentState, task: Task) -> list[AgentEffect]:
    """The masters know how it ended: nothing about it needs to be said again."""
    del state.tasks[task.key]
    for update in task.stream.untaken:
        state.by_uuid.pop(update.uuid, None)
    state.alarms.cancel(Alarm(AlarmKind.RESEND, task.key))
    state.ended.pop(task.key, None)
    state.ended[task.key] = task.fence
    while len(state.ended) > state.rules.ended_max:
        del state.ended[next(iter(state.ended))]
    effects: list[AgentEffect] = [ReleaseSandbox(task.key, task.fence)]
    if task.notes.group and all(other.group != task.group for other in state.tasks.values()):
        shared = executor_key(task.key.framework_id, task.notes.group)
        effects.append(ReleaseSandbox(shared, task.fence))
    return effects


def _acknowledge(state: AgentState, task: Task, uuid: bytes) -> list[AgentEffect]:
    """Tell the task's executor, if it has one, that a status of its has arrived."""
    if task.notes.executor_id is None:
        return []
    task.note_acknowledged(uuid)
    executor = _executor_of(state, task)
    if executor is None or executor.stream_id is None:
        return []
    news = Acknowledged(task.key.task_id, uuid)
    return [TellExecutor(executor.key, executor.stream_id, news)]


def _executor_of(state: AgentState, task: Task) -> Executor | None:
    executor_id = task.notes.executor_id
    if executor_id is None:
        return None
    return state.executors.get(executor_key(task.key.framework_id, executor_id))


def _send_again(state: AgentState, tasks: Iterable[Task], now_ms: int) -> list[AgentEffect]:
    link = state.link
    if link is None or link.master_id is None:
        return []
    ready: list[StatusUpdate] = []
    for task in tasks:
        task.stream.rewind()
        ready += task.stream.next_to_send()
        _watch(state, task, now_ms)
    return [SendReports(link.link_id, tuple(ready), again=True)] if ready else []


def _watch(state: AgentState, task: Task, now_ms: int) -> None:
    """Send again what nobody takes: after 10 s, 20 s, 40 s, ..."""
    alarm = Alarm(AlarmKind.RESEND, task.key)
    if not task.stream.untaken or state.alarms.is_set(alarm):
        return
    delay_ms = state.rules.resend_first_ms << min(task.stream.attempts, 32)
    state.alarms.set(alarm, now_ms + min(delay_ms, state.rules.resend_most_ms))
