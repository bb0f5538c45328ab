"""The agent ends: first its tasks, then their reports, then itself."""

from agent.alarms import Alarm, AlarmKind
from agent.effects import AgentEffect, EndAgent
from agent.killing import end_task
from agent.state import AgentState, Stamps, Stopping

GIVE_UP_AFTER_MS = 5_000
"""Beyond all the grace there is: a process may hang in the kernel, and so may a disk."""


def begin_stopping(
    state: AgentState, stamps: Stamps, now_ms: int, *, exit_code: int, why: str
) -> list[AgentEffect]:
    if state.stopping is not None:
        return []
    grace_ms = state.rules.kill_grace_ms
    give_up_ms = now_ms + grace_ms + state.rules.stop_flush_ms + GIVE_UP_AFTER_MS
    state.stopping = Stopping(exit_code, why, give_up_ms)
    state.alarms.set(Alarm(AlarmKind.STOP), give_up_ms)
    effects: list[AgentEffect] = []
    for task in list(state.tasks.values()):
        if task.is_live:
            effects += end_task(state, task, grace_ms, stamps, now_ms, by_order=False)
    return effects


def go_on_stopping(state: AgentState, now_ms: int) -> list[AgentEffect]:
    """Look after every event whether the agent may end now."""
    stopping = state.stopping
    if stopping is None or stopping.is_done:
        return []
    is_late = now_ms >= stopping.give_up_ms
    if not is_late:
        if any(task.is_live for task in state.tasks.values()):
            return []
        if stopping.flush_until_ms is None:
            stopping.flush_until_ms = now_ms + state.rules.stop_flush_ms
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.flush_until_ms)
        if state.unwritten:
            # Whatever was not sent by then is sent by the agent's next life.
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.give_up_ms)
            return []
        if state.tasks and now_ms < stopping.flush_until_ms:
            state.alarms.set(Alarm(AlarmKind.STOP), stopping.flush_until_ms)
            return []
    stopping.is_done = True
    state.alarms.cancel(Alarm(AlarmKind.STOP))
    return [EndAgent(stopping.exit_code, stopping.why)]
