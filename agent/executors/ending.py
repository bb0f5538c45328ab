"""Executors end: asked to, forced to, or by themselves; and then all that they ran has ended."""

from signal import strsignal

from agent.alarms import Alarm, AlarmKind
from agent.checkpoints.records import ExecutorEnded
from agent.effects import AgentEffect, KillProcess, TerminateProcess
from agent.events import (
    ProcessExited,
    ProcessMissing,
    ProcessVanished,
    StartFailed,
    Vanishing,
)
from agent.executors.effects import (
    CloseExecutorStream,
    NoteExecutor,
    Shutdown,
    TellExecutor,
    TellExecutorEnded,
)
from agent.executors.environment import shutdown_grace_ms
from agent.executors.executor import Executor
from agent.journaling import write
from agent.limiting import memory_limitation, memory_message
from agent.reporting import make_report, report_end
from agent.state import AgentState, ExecutorEndWritten, Stamps
from agent.tasks import Kill, Phase, Task
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

EndOfProcess = ProcessExited | ProcessVanished | ProcessMissing | StartFailed


def shut_down(
    state: AgentState, executor: Executor, now_ms: int, *, by_order: bool
) -> list[AgentEffect]:
    """Asked twice, the first end holds.

    Args:
        by_order: its framework wants it, or has nothing for it to do; else it is the agent that
            stops.
    """
    if executor.ending is not None or executor.phase is Phase.ACCEPTED:
        return []
    executor.ending = Kill(now_ms + shutdown_grace_ms(state, executor), by_order)
    if executor.phase in {Phase.STARTING, Phase.RECOVERING}:
        return []  # There is no process to ask yet; `terminate` will.
    return terminate(state, executor, now_ms)


def terminate(state: AgentState, executor: Executor, now_ms: int) -> list[AgentEffect]:
    assert executor.ending is not None
    effects: list[AgentEffect] = [NoteExecutor(executor.key, executor.fence, "asked_to_end")]
    if executor.stream_id is not None:
        effects.append(TellExecutor(executor.key, executor.stream_id, Shutdown()))
    else:
        by_order = executor.ending.by_order
        effects.append(TerminateProcess(executor.key, executor.fence, by_order))
    return effects + force_when_due(state, executor, now_ms)


def force_when_due(state: AgentState, executor: Executor, now_ms: int) -> list[AgentEffect]:
    assert executor.ending is not None
    if executor.ending.due_ms <= now_ms:
        return [KillProcess(executor.key, executor.fence)]
    state.alarms.set(Alarm(AlarmKind.EXECUTOR_KILL, executor.key), executor.ending.due_ms)
    return []


def on_executor_kill_due(executor: Executor) -> list[AgentEffect]:
    return [KillProcess(executor.key, executor.fence)]


def on_executor_silent(executor: Executor, now_ms: int) -> list[AgentEffect]:
    """It has not subscribed in time: whatever it is, it is not an executor."""
    is_back = executor.is_of_earlier_life
    executor.verdict = (
        StatusReason.EXECUTOR_REREGISTRATION_TIMEOUT
        if is_back
        else StatusReason.EXECUTOR_REGISTRATION_TIMEOUT
    )
    executor.ending = executor.ending or Kill(now_ms, by_order=True)
    return [
        NoteExecutor(executor.key, executor.fence, "asked_to_end", executor.verdict),
        KillProcess(executor.key, executor.fence),
    ]


def watch_idle_executors(state: AgentState, now_ms: int) -> list[AgentEffect]:
    """Look after every event which of them have nothing to do."""
    effects: list[AgentEffect] = []
    for executor in list(state.executors.values()):
        if executor.tasks or executor.ending is not None:
            continue
        alarm = Alarm(AlarmKind.EXECUTOR_IDLE, executor.key)
        if executor.phase is Phase.ACCEPTED:
            effects += _forget(state, executor)  # Its only task was killed before it was started.
        elif executor.phase is Phase.RUNNING and not state.alarms.is_set(alarm):
            state.alarms.set(alarm, now_ms + state.rules.executor_idle_ms)
    return effects


def on_executor_over(
    state: AgentState, executor: Executor, event: EndOfProcess, stamps: Stamps
) -> list[AgentEffect]:
    """Its process is gone, and whatever it ran with it."""
    message = _how_it_ended(event)
    effects: list[AgentEffect] = []
    for key in list(executor.tasks):
        task = state.tasks[key]
        task_state, reason = _meaning(executor, task, event, state.info.boot_id)
        report = make_report(
            state,
            stamps,
            task,
            task_state,
            source=StatusSource.AGENT,
            reason=reason,
            message=message,
            limitation=_limitation(event, reason),
        )
        effects += report_end(state, task, report)
    effects.append(NoteExecutor(executor.key, executor.fence, "ended", message))
    if state.link is not None and state.is_welcome:
        effects.append(TellExecutorEnded(state.link.link_id, executor.key, _status(event)))
    return effects + _forget(state, executor)


def _forget(state: AgentState, executor: Executor) -> list[AgentEffect]:
    key, fence = executor.key, executor.fence
    del state.executors[key]
    kinds = (AlarmKind.EXECUTOR_SILENT, AlarmKind.EXECUTOR_KILL, AlarmKind.EXECUTOR_IDLE)
    for kind in kinds:
        state.alarms.cancel(Alarm(kind, key))
    effects: list[AgentEffect] = []
    if executor.stream_id is not None:
        effects.append(CloseExecutorStream(key, executor.stream_id))
    return [*effects, write(state, [ExecutorEnded(key, fence)], [ExecutorEndWritten(key, fence)])]


def _meaning(
    executor: Executor, task: Task, event: EndOfProcess, boot_id: str
) -> tuple[TaskState, StatusReason | None]:
    if task.kill is not None and task.kill.by_order:
        return TaskState.KILLED, StatusReason.EXECUTOR_TERMINATED
    if executor.verdict is not None:
        return TaskState.FAILED, executor.verdict
    if isinstance(event, StartFailed):
        return TaskState.FAILED, StatusReason.CONTAINER_LAUNCH_FAILED
    if isinstance(event, ProcessMissing) and executor.notes.boot_id == boot_id:
        return TaskState.DROPPED, StatusReason.AGENT_RESTARTED
    is_stop = executor.ending is not None and not executor.ending.by_order
    is_restart = isinstance(event, ProcessVanished) and event.why is Vanishing.MACHINE_RESTARTED
    if is_stop or is_restart or isinstance(event, ProcessMissing):
        return TaskState.LOST, StatusReason.AGENT_RESTARTED
    if isinstance(event, ProcessExited) and event.memory is not None:
        return TaskState.FAILED, StatusReason.CONTAINER_LIMITATION_MEMORY
    return TaskState.FAILED, StatusReason.EXECUTOR_TERMINATED


def _limitation(event: EndOfProcess, reason: StatusReason | None) -> Resources | None:
    if reason is not StatusReason.CONTAINER_LIMITATION_MEMORY:
        return None
    assert isinstance(event, ProcessExited)
    return None if event.memory is None else memory_limitation(event.memory)


def _how_it_ended(event: EndOfProcess) -> str:
    match event:
        case StartFailed():
            return event.why
        case ProcessMissing():
            return "Executor terminated: the agent was restarted before it had started it"
        case ProcessVanished():
            return "Executor terminated; how is not known"
        case ProcessExited() if event.memory is not None:
            return f"Executor terminated: {memory_message(event.memory)}"
        case ProcessExited():
            if event.signal is None:
                return f"Executor terminated: exited with status {event.exit_code}"
            return f"Executor terminated by signal {strsignal(event.signal)}"


def _status(event: EndOfProcess) -> int:
    if not isinstance(event, ProcessExited):
        return -1
    return event.signal if event.signal is not None else (event.exit_code or 0) << 8
