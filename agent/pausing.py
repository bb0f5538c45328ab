"""Tasks are held where they are, and go on. Whether one is held, the kernel knows, and is asked."""

from agent.effects import AgentEffect, PauseProcess, RefusalOfOrder, RefuseOrder
from agent.events import PauseTasks, ProcessPaused
from agent.journaling import write
from agent.reporting import make_report
from agent.state import AgentState, ReportsWritten, Stamps
from agent.tasks import Phase
from trimast.model.task_lifecycle import TaskState

PAUSED = "Paused"
GOES_ON = "Goes on after a pause"


def on_pause_tasks(state: AgentState, order: PauseTasks, epoch: int) -> list[AgentEffect]:
    effects: list[AgentEffect] = []
    for pause in order.tasks:
        task = state.tasks.get(pause.key)
        if task is None:
            effects.append(RefuseOrder(RefusalOfOrder.TASK_UNKNOWN, epoch, pause.key))
        elif task.phase is not Phase.RUNNING or task.kill is not None:
            effects.append(RefuseOrder(RefusalOfOrder.NOT_RUNNING, epoch, pause.key, task.fence))
        else:
            effects.append(PauseProcess(task.key, task.fence, pause.paused))
    return effects


def on_process_paused(state: AgentState, event: ProcessPaused, stamps: Stamps) -> list[AgentEffect]:
    """A task that is paused runs, to Mesos; what it says of itself tells the difference."""
    task = state.tasks[event.key]
    assert task.fence == event.fence
    if task.phase is not Phase.RUNNING or task.is_paused == event.paused:
        return []
    task.is_paused = event.paused
    message = PAUSED if event.paused else GOES_ON
    report = make_report(state, stamps, task, TaskState.RUNNING, message=message)
    reported = ReportsWritten(task.key, task.fence, report.update.sequence)
    return [write(state, [report], [reported])]
