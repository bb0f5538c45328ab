"""The shortest way to a TaskInfo that an executor of the framework's runs."""

from collections.abc import Mapping, Sequence

from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo
from trimast.model.ids import AgentId, ExecutorId, TaskId
from trimast.model.resources import Resources
from trimast.model.task import NO_COMMAND, TaskInfo


def executor(
    executor_id: str,
    command: str | Sequence[str],
    *,
    cpus: float = 0.1,
    mem_mib: float = 32,
    environment: Mapping[str, str] | None = None,
) -> ExecutorInfo:
    """One that the framework brings. Name the same, and exactly alike, for all of its tasks.

    Args:
        command: a text is a line for the shell; a list is a program and its arguments.
    """
    variables = tuple((environment or {}).items())
    if isinstance(command, str):
        what = CommandInfo(command, environment=variables)
    else:
        what = CommandInfo(command[0], shell=False, arguments=tuple(command), environment=variables)
    return ExecutorInfo(
        ExecutorId(executor_id), command=what, resources=_amounts(cpus, mem_mib), name=executor_id
    )


def executor_task(
    task_id: str,
    by: ExecutorInfo,
    *,
    data: bytes = b"",
    cpus: float = 0.1,
    mem_mib: float = 32,
    name: str = "",
) -> TaskInfo:
    """A task for any agent: launching it names the offer's.

    Args:
        data: what its executor should know of it.
        cpus, mem_mib: beside what the executor needs for itself.
    """
    return TaskInfo(
        task_id=TaskId(task_id),
        name=name or task_id,
        agent_id=AgentId(""),
        resources=_amounts(cpus, mem_mib),
        command=NO_COMMAND,
        data=data,
        executor=by,
    )


def _amounts(cpus: float, mem_mib: float) -> Resources:
    return Resources.of({"cpus": round(cpus * 1000), "mem": round(mem_mib * 1000)})
