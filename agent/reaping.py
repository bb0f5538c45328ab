"""A task's process has ended: what that says about the task."""

from signal import strsignal

from agent.effects import AgentEffect
from agent.events import ProcessExited
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Kill, Phase
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def on_process_exited(state: AgentState, event: ProcessExited, stamps: Stamps) -> list[AgentEffect]:
    task = state.tasks[event.key]
    assert task.fence == event.fence
    assert task.phase is Phase.RUNNING
    task_state, reason = _meaning(task.kill, event.exit_code)
    message = _how_it_ended(event)
    if task.kill is not None and not task.kill.by_order:
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
    )
    return report_end(state, task, report)


def _meaning(kill: Kill | None, exit_code: int | None) -> tuple[TaskState, StatusReason | None]:
    if kill is not None:
        # Even if it ended well: nobody can tell whether it had done what it was there for.
        if kill.by_order:
            return TaskState.KILLED, None
        return TaskState.LOST, StatusReason.AGENT_RESTARTED
    if exit_code == 0:
        return TaskState.FINISHED, None
    return TaskState.FAILED, StatusReason.COMMAND_EXECUTOR_FAILED


def _how_it_ended(event: ProcessExited) -> str:
    """In the words of Mesos."""
    if event.signal is None:
        return f"Command exited with status {event.exit_code}"
    return f"Command terminated with signal {strsignal(event.signal)}"
