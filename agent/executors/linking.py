"""Persistent volumes of tasks that an executor runs: they are in its sandbox before it hears of the
task."""

from agent.effects import AgentEffect
from agent.events import VolumesLinked
from agent.executors.launching import executor_of, give_waiting
from agent.reporting import make_report, report_end
from agent.state import AgentState, Stamps
from agent.tasks import Phase
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState


def on_volumes_linked(state: AgentState, event: VolumesLinked, stamps: Stamps) -> list[AgentEffect]:
    task = state.tasks.get(event.key)
    if task is None or task.fence != event.fence or task.phase is not Phase.STARTING:
        return []  # It has been killed meanwhile, or its executor has ended.
    if not event.why_not:
        task.has_volumes = True
        return give_waiting(state, executor_of(state, task))
    report = make_report(
        state,
        stamps,
        task,
        TaskState.FAILED,
        source=StatusSource.AGENT,
        reason=StatusReason.CONTAINER_LAUNCH_FAILED,
        message=event.why_not,
    )
    return report_end(state, task, report)
