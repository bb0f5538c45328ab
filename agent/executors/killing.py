"""A task of an executor is to end: the executor is asked to see to it."""

from agent.effects import AgentEffect
from agent.executors.effects import EndTask, TellExecutor
from agent.executors.executor import executor_key
from agent.state import AgentState
from agent.tasks import Kill, Phase, Task


def end_executors_task(
    state: AgentState, task: Task, grace_ms: int | None, now_ms: int
) -> list[AgentEffect]:
    """It was handed over, or may have been. An executor that is not there is asked when it is.

    Args:
        grace_ms: None if the order names none: the task's own holds, which the executor knows.
    """
    assert task.notes.executor_id is not None
    executor = state.executors[executor_key(task.key.framework_id, task.notes.executor_id)]
    task.kill = task.kill or Kill(now_ms, by_order=True)
    if executor.stream_id is None or task.phase is not Phase.RUNNING:
        return []
    news = EndTask(task.key.task_id, grace_ms)
    return [TellExecutor(executor.key, executor.stream_id, news)]
