"""The agent ends; its tasks before it if that is wanted, then their reports, then itself."""

from agent.alarms import Alarm, AlarmKind
from agent.effects import AgentEffect, EndAgent
from agent.events import StopAsked
from agent.executors.ending import shut_down
from agent.killing import end_task
from agent.state import AgentState, Stamps, Stopping
from agent.tasks import Phase, Task

GIVE_UP_AFTER_MS = 5_000
"""Beyond all the grace there is: a process may hang in the kernel, and so may a disk."""


def on_stop_asked(
    state: AgentState, event: StopAsked, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    why = "asked to stop, tasks and all" if event.end_tasks else "asked to stop"
    return begin_stopping(state, stamps, now_ms, exit_code=0, why=why, end_tasks=event.end_tasks)


def begin_stopping(
    state: AgentState, stamps: Stamps, now_ms: int, *, exit_code: int, why: str, end_tasks: bool
) -> list[AgentEffect]:
    """
    Args:
        end_tasks: else they run on, and the next life of the agent finds them.
    """
    if state.stopping is not None:
        return []
    grace_ms = state.rules.kill_grace_ms
    give_up_ms = now_ms + grace_ms + state.rules.stop_flush_ms + GIVE_UP_AFTER_MS
    state.stopping = Stopping(exit_code, why, end_tasks, give_up_ms)
    state.alarms.set(Alarm(AlarmKind.STOP), give_up_ms)
    effects: list[AgentEffect] = []
    for executor in list(state.executors.values()):
        if end_tasks or executor.notes.ends_with_agent:
            effects += shut_down(state, executor, now_ms, by_order=False)
    for task in list(state.tasks.values()):
        if task.notes.executor_id is not None and task.phase is not Phase.ACCEPTED:
            continue  # It ends with its executor.
        if task.is_live and (end_tasks or task.notes.ends_with_agent):
            effects += end_task(state, task, grace_ms, stamps, now_ms, by_order=False)
    return effects


def go_on_stopping(state: AgentState, now_ms: int) -> list[AgentEffect]:
    """Look after every event whether the agent may end now."""
    stopping = state.stopping
    if stopping is None or stopping.is_done:
        return []
    is_late = now_ms >= stopping.give_up_ms
    if not is_late:
        if any(_is_awaited(stopping, task) for task in state.tasks.values()):
            return []
        if stopping.flush_until_ms is None:
            stopping.flush_until_ms = now_ms + state.rules.stop_flush_ms
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.flush_until_ms)
        if state.unwritten:
            # Whatever was not sent by then is sent by the agent's next life.
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.give_up_ms)
            return []
        if stopping.end_tasks and state.tasks and now_ms < stopping.flush_until_ms:
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.flush_until_ms)
            return []
    stopping.is_done = True
    state.alarms.cancel(Alarm(AlarmKind.STOP))
    return [EndAgent(stopping.exit_code, stopping.why)]


def _is_awaited(stopping: Stopping, task: Task) -> bool:
    """One that is about to run is waited for even if it may run on: else it would be dropped."""
    if stopping.end_tasks or task.notes.ends_with_agent:
        return task.is_live
    return task.phase in {Phase.ACCEPTED, Phase.STARTING, Phase.RECOVERING}
