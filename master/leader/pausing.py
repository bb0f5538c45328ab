"""An operator wants a task to pause, or to go on.

This is between the operator and the agent: it is told once, and no registry keeps it. What the
task is, its agent knows, and reports.
"""

from master.leader.effects import AnswerOperator, LeaderEffect, PauseTask
from master.leader.events import PauseAsked
from master.leader.state import LeaderState
from master.registry.outcome import APPLIED, Outcome, refused
from trimast.model.refusal import RefusalReason
from trimast.model.task_lifecycle import TaskState


def on_pause_asked(state: LeaderState, event: PauseAsked) -> list[LeaderEffect]:
    task = state.registry.tasks.get((event.framework_id, event.task_id))
    if task is None or task.state.is_terminal:
        detail = f"no task {event.task_id} of {event.framework_id} is alive"
        return _answer(event, refused(RefusalReason.TASK_UNKNOWN, detail))
    if task.state is not TaskState.RUNNING or task.kill is not None:
        what = "about to end" if task.kill is not None else task.state.value
        detail = f"only a task that runs can be paused; {event.task_id} is {what}"
        return _answer(event, refused(RefusalReason.INVALID, detail))
    link = state.agents.active_link(task.agent_id)
    if link is None:
        detail = f"agent {task.agent_id} is not connected; ask again when it is"
        return _answer(event, refused(RefusalReason.INVALID, detail))
    order = PauseTask(link.link_id, event.framework_id, event.task_id, event.paused)
    return [order, *_answer(event, APPLIED)]


def _answer(event: PauseAsked, outcome: Outcome) -> list[LeaderEffect]:
    return [AnswerOperator(event.request, outcome, 0)]
