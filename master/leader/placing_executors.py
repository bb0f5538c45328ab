"""Whether a task's executor is there already, and is the same that the framework now names."""

from collections.abc import Iterator

from master.leader.state import LeaderState
from master.presence.frameworks import FrameworkStream
from master.registry.records import ExecutorKey, executor_key
from trimast.model.executor import ExecutorInfo
from trimast.model.task import TaskInfo


def has_executor(state: LeaderState, stream: FrameworkStream, task: TaskInfo) -> bool:
    """Tasks that run, or are about to, hold what the executor needs."""
    key = executor_key(stream.framework_id, task)
    return key is not None and next(_known(state, key), None) is not None


def fault_of_executor(state: LeaderState, stream: FrameworkStream, task: TaskInfo) -> str | None:
    executor = task.executor
    key = executor_key(stream.framework_id, task)
    if executor is None or key is None:
        return None
    if executor.framework_id not in {None, stream.framework_id}:
        return (
            f"ExecutorInfo has an invalid FrameworkID (Actual: {executor.framework_id} vs "
            f"Expected: {stream.framework_id})"
        )
    if any(known != executor for known in _known(state, key)):
        return (
            "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID "
            f"{executor.executor_id}: they must be identical"
        )
    return None


def _known(state: LeaderState, key: ExecutorKey) -> Iterator[ExecutorInfo]:
    """All are alike."""
    for task_key in state.registry.tasks_of_executor.get(key, ()):
        held = state.registry.tasks[task_key].info.executor
        if held is not None:
            yield held
            break
    for launch in state.launching.values():
        task = launch.tasks[0]  # All of a group have the same.
        executor = task.executor
        if executor is not None and executor_key(launch.framework_id, task) == key:
            yield executor
            break
