"""A task for an executor: written down, then handed over. Its first also starts the executor."""

from dataclasses import replace

from agent.alarms import Alarm, AlarmKind
from agent.checkpoints.records import ExecutorAccepted, ProcessBegun, Record
from agent.effects import AgentEffect, StartProcess
from agent.events import Asked, ProcessStarted, RunTask
from agent.executors.bounding import limits_of, share_of
from agent.executors.effects import Launch, LaunchGroup, LinkVolumes, NoteExecutor, TellExecutor
from agent.executors.ending import force_when_due, shut_down, terminate
from agent.executors.environment import executor_environment, shutdown_grace_ms
from agent.executors.executor import Executor, ExecutorNotes, executor_key
from agent.journaling import write
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Kill, Phase, Task
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import TaskId
from trimast.model.resource_kind import only_volumes, volumes_in
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState


def find_place(
    state: AgentState, run: RunTask, task: Task, stamps: Stamps
) -> tuple[list[Record], list[AgentEffect]]:
    """The task was just accepted. What is to be written down with it; and if its executor is about
    to end, its own end: it waits for no other."""
    info = run.task.executor
    assert info is not None
    key = executor_key(run.key.framework_id, info.executor_id)
    executor = state.executors.get(key)
    if _has_lost_its_group(state, task):
        return [], _turn_away(state, task, stamps, "The group that it was launched with has ended")
    if executor is None:
        framework = run.framework or FrameworkInfo(name="")
        notes = ExecutorNotes(
            info, framework, run.user, stamps.token(), state.info.boot_id, run.ends_with_agent
        )
        executor = Executor(key, run.fence, Phase.ACCEPTED, notes)
        state.executors[key] = executor
        executor.tasks[task.key] = None
        return [ExecutorAccepted(key, run.fence, notes)], []
    executor.tasks[task.key] = None
    executor.is_resized = True
    state.alarms.cancel(Alarm(AlarmKind.EXECUTOR_IDLE, key))
    if executor.ending is None and executor.notes.info == info:
        return [], []
    why = "An executor of this id is still there, and is ending or differs from this one"
    return [], _turn_away(state, task, stamps, why)


def _has_lost_its_group(state: AgentState, task: Task) -> bool:
    """Others of it had ended when this one came: as when the agent was killed between them."""
    if task.launched_with is None:
        return False
    framework_id, _, fence = task.launched_with
    is_settled = any(
        ended == fence and key.framework_id == framework_id for key, ended in state.ended.items()
    )
    return is_settled or any(
        other.launched_with == task.launched_with and not other.is_live
        for other in state.tasks.values()
    )


def _turn_away(state: AgentState, task: Task, stamps: Stamps, why: str) -> list[AgentEffect]:
    report = make_report(
        state,
        stamps,
        task,
        TaskState.DROPPED,
        source=StatusSource.AGENT,
        reason=StatusReason.EXECUTOR_TERMINATED,
        message=why,
    )
    return report_end(state, task, report)


def hand_over(state: AgentState, task: Task) -> list[AgentEffect]:
    """The record of the task is on disk."""
    executor = executor_of(state, task)
    task.phase = Phase.STARTING
    if executor.phase is Phase.ACCEPTED:
        return _start(state, executor)
    return give_waiting(state, executor)


def give_waiting(state: AgentState, executor: Executor) -> list[AgentEffect]:
    """Tasks that wait for their executor, if it is there."""
    effects: list[AgentEffect] = []
    if executor.stream_id is None or executor.ending is not None:
        return effects
    groups: dict[int, list[Task]] = {}
    for key in executor.tasks:
        task = state.tasks[key]
        if task.phase is not Phase.STARTING:
            continue
        if _lacks_volumes(task):
            effects += _link(state, executor, task)
            continue
        if task.notes.group_size:
            groups.setdefault(task.fence, []).append(task)
            continue
        news = Launch(_begun(task))
        effects.append(TellExecutor(executor.key, executor.stream_id, news))
    for tasks in groups.values():
        if len(tasks) == tasks[0].notes.group_size:  # Else the others are still to come.
            together = LaunchGroup(tuple(map(_begun, tasks)))
            effects.append(TellExecutor(executor.key, executor.stream_id, together))
    return effects


def _lacks_volumes(task: Task) -> bool:
    assert task.info is not None
    return not task.has_volumes and bool(volumes_in(task.info.resources))


def _link(state: AgentState, executor: Executor, task: Task) -> list[AgentEffect]:
    """Once; what it waits for follows."""
    if task.wants_links:
        return []
    task.wants_links = True
    assert state.agent_id is not None
    assert task.info is not None
    volumes = tuple(volumes_in(task.info.resources))
    place = (executor.key, executor.fence)
    return [LinkVolumes(state.agent_id, task.key, task.fence, *place, volumes)]


def _begun(task: Task) -> TaskInfo:
    assert task.info is not None
    task.phase = Phase.RUNNING
    return task.info


def executor_of(state: AgentState, task: Task) -> Executor:
    executor_id = task.notes.executor_id
    assert executor_id is not None
    return state.executors[executor_key(task.key.framework_id, executor_id)]


def _start(state: AgentState, executor: Executor) -> list[AgentEffect]:
    assert state.agent_id is not None
    info = executor.notes.info
    assert info.command is not None
    executor.phase = Phase.STARTING
    environment = executor_environment(state, executor) + info.command.environment
    command = replace(info.command, environment=environment)
    # A process is started for a task; this one's is the executor itself, and what it may use is
    # what it and its tasks may.
    executor.is_resized = False
    what = TaskInfo(
        TaskId(info.executor_id),
        info.name or info.executor_id,
        state.agent_id,
        share_of(state, executor) + only_volumes(info.resources),
        command,
        limits=limits_of(state, executor),
    )
    return [StartProcess(state.agent_id, executor.key, executor.fence, what, executor.notes.user)]


def on_executor_started(
    state: AgentState, executor: Executor, event: ProcessStarted, now_ms: int
) -> list[AgentEffect]:
    is_back = executor.phase is Phase.RECOVERING
    is_news = executor.pid == 0
    executor.phase = Phase.RUNNING
    executor.pid, executor.start_ticks = event.pid, event.start_ticks
    executor.boot_id = state.info.boot_id
    effects: list[AgentEffect] = [
        NoteExecutor(executor.key, executor.fence, "found" if is_back else "started")
    ]
    if is_news:
        place = (event.pid, event.start_ticks, executor.boot_id)
        effects.append(write(state, [ProcessBegun(executor.key, executor.fence, *place)]))
    if executor.stream_id is None:
        rules = state.rules
        patience_ms = rules.executor_return_ms if is_back else rules.executor_registration_ms
        state.alarms.set(Alarm(AlarmKind.EXECUTOR_SILENT, executor.key), now_ms + patience_ms)
    if event.asked is not None and executor.ending is None:
        due_ms = now_ms + shutdown_grace_ms(state, executor)
        executor.ending = Kill(due_ms, event.asked is Asked.BY_ORDER)
        return effects + force_when_due(state, executor, now_ms)
    if executor.ending is not None:
        return effects + terminate(state, executor, now_ms)
    if not executor.tasks and not is_back:
        return effects + shut_down(state, executor, now_ms, by_order=True)
    return effects
