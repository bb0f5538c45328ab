"""A task's process has ended: what that says about the task."""

from signal import strsignal
from typing import Final

from agent.effects import AgentEffect
from agent.events import ProcessExited, ProcessMissing, ProcessVanished, Vanishing
from agent.limiting import (
    disk_limitation,
    disk_message,
    memory_limitation,
    memory_message,
)
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Kill, Phase
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState


def on_process_exited(state: AgentState, event: ProcessExited, stamps: Stamps) -> list[AgentEffect]:
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase is Phase.RUNNING
    task_state, reason = _meaning(task.kill, event)
    message = _how_it_ended(event)
    limitation = None
    if reason is StatusReason.CONTAINER_LIMITATION_MEMORY and event.memory is not None:
        limitation = memory_limitation(event.memory)
    if task.kill is None and task.over_disk is not None:
        task_state, reason = TaskState.FAILED, StatusReason.CONTAINER_LIMITATION_DISK
        message = disk_message(task.over_disk)
        limitation = disk_limitation(task.over_disk)
    if task.kill is not None and task.kill.verdict is not None:
        message += ", ended because it ran for as long as it may"
    elif task.kill is not None and not task.kill.by_order:
        message += " because the agent was stopped"
    report = make_report(
        state,
        stamps,
        task,
        task_state,
        reason=reason,
        message=message,
        exit_code=event.exit_code,
        signal=event.signal,
        limitation=limitation,
    )
    return report_end(state, task, report)


def on_process_vanished(
    state: AgentState, event: ProcessVanished, stamps: Stamps
) -> list[AgentEffect]:
    """As with Mesos: whose executor is gone has failed; what a machine took with it is lost."""
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase in {Phase.STARTING, Phase.RECOVERING, Phase.RUNNING}
    if task.kill is not None and task.kill.by_order:
        task_state, reason = TaskState.KILLED, None
    elif task.kill is not None and task.kill.verdict is not None:
        task_state, reason = TaskState.FAILED, task.kill.verdict
    elif task.kill is not None or event.why is Vanishing.MACHINE_RESTARTED:
        task_state, reason = TaskState.LOST, StatusReason.AGENT_RESTARTED
    else:
        task_state, reason = TaskState.FAILED, StatusReason.EXECUTOR_TERMINATED
    report = make_report(
        state,
        stamps,
        task,
        task_state,
        source=StatusSource.AGENT,
        reason=reason,
        message=_WHY_UNKNOWN[event.why],
    )
    return report_end(state, task, report)


def on_process_missing(
    state: AgentState, event: ProcessMissing, stamps: Stamps
) -> list[AgentEffect]:
    """The agent died between the word that it takes the task and the start of it."""
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase is Phase.RECOVERING
    if task.notes.boot_id != state.info.boot_id:
        # It may have run: what was known of that went down with the machine.
        vanished = ProcessVanished(event.key, event.fence, Vanishing.MACHINE_RESTARTED)
        return on_process_vanished(state, vanished, stamps)
    was_killed = task.kill is not None and task.kill.by_order
    report = make_report(
        state,
        stamps,
        task,
        TaskState.KILLED if was_killed else TaskState.DROPPED,
        source=StatusSource.AGENT,
        reason=(
            StatusReason.TASK_KILLED_DURING_LAUNCH if was_killed else StatusReason.AGENT_RESTARTED
        ),
        message="The agent was restarted before it had started the task, which never ran",
    )
    return report_end(state, task, report)


_WHY_UNKNOWN: Final = {
    Vanishing.LAUNCHER_DIED: "The task has ended; how is not known, because the launcher that"
    " waited for it had died",
    Vanishing.MACHINE_RESTARTED: "The machine was restarted, and the task did not outlive that",
    Vanishing.RECORDS_DAMAGED: "What became of the task is not known, because the records of the"
    " launcher were damaged",
}


def _meaning(kill: Kill | None, event: ProcessExited) -> tuple[TaskState, StatusReason | None]:
    if kill is not None:
        # Even if it ended well: nobody can tell whether it had done what it was there for.
        if kill.by_order:
            return TaskState.KILLED, None
        if kill.verdict is not None:
            return TaskState.FAILED, kill.verdict
        return TaskState.LOST, StatusReason.AGENT_RESTARTED
    if event.exit_code == 0:
        return TaskState.FINISHED, None
    if event.memory is not None:
        return TaskState.FAILED, StatusReason.CONTAINER_LIMITATION_MEMORY
    return TaskState.FAILED, StatusReason.COMMAND_EXECUTOR_FAILED


def _how_it_ended(event: ProcessExited) -> str:
    """In the words of Mesos."""
    if event.memory is not None:
        return f"{memory_message(event.memory)}; {_how_the_first_ended(event)}"
    return _how_the_first_ended(event)


def _how_the_first_ended(event: ProcessExited) -> str:
    if event.signal is None:
        return f"Command exited with status {event.exit_code}"
    return f"Command terminated with signal {strsignal(event.signal)}"
