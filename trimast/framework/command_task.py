"""The shortest way to a TaskInfo: an id, a command, and how much it needs."""

import math
from collections.abc import Mapping, Sequence

from trimast.model.checks import Check, HealthCheck
from trimast.model.container import ContainerInfo
from trimast.model.ids import AgentId, TaskId
from trimast.model.resources import Resources
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.uri import Uri


def command_task(
    task_id: str,
    command: str | Sequence[str],
    *,
    cpus: float = 0.1,
    mem_mib: float = 32,
    disk_mib: float = 0,
    name: str = "",
    environment: Mapping[str, str] | None = None,
    kill_grace_ms: int | None = None,
    cpus_limit: float | None = None,
    mem_limit_mib: float | None = None,
    uris: Sequence[Uri] = (),
    check: Check | None = None,
    health_check: HealthCheck | None = None,
    max_completion_ms: int | None = None,
    container: ContainerInfo | None = None,
) -> TaskInfo:
    """A task for any agent: launching it names the offer's.

    Args:
        command: a text is a line for the shell; a list is a program and its arguments.
        name: for people; the id if left out.
        cpus_limit, mem_limit_mib: up to which it may use more than it asks for; `math.inf` for all
            there is. Without the first it gets what others leave, without the second no more.
        uris: are fetched into its sandbox before it starts.
        container: with an image, the command is looked for in that.
    """
    variables = tuple((environment or {}).items())
    if isinstance(command, str):
        what = CommandInfo(command, environment=variables, uris=tuple(uris))
    else:
        what = CommandInfo(
            command[0],
            shell=False,
            arguments=tuple(command),
            environment=variables,
            uris=tuple(uris),
        )
    return TaskInfo(
        task_id=TaskId(task_id),
        name=name or task_id,
        agent_id=AgentId(""),
        resources=Resources.of(
            {
                "cpus": round(cpus * 1000),
                "mem": round(mem_mib * 1000),
                **({"disk": round(disk_mib * 1000)} if disk_mib else {}),
            }
        ),
        command=what,
        kill_grace_ms=kill_grace_ms,
        limits=tuple(
            (resource, None if limit == math.inf else round(limit * 1000))
            for resource, limit in (("cpus", cpus_limit), ("mem", mem_limit_mib))
            if limit is not None
        ),
        check=check,
        health_check=health_check,
        max_completion_ms=max_completion_ms,
        container=container,
    )
