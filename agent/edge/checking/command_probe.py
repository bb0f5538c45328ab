"""A check's command: a process beside the task's, in its sandbox, with its environment and user."""

from dataclasses import replace
from pathlib import Path

from agent.checks.effects import RunProbe
from agent.edge.containerizer.beside import BesideOrder, Besides
from agent.edge.containerizer.command_line import (
    CannotStart,
    environment,
    program_and_arguments,
    user_of,
)
from agent.edge.containerizer.preparing import launch_name
from agent.effects import StartProcess
from trimast.model.command import CommandInfo
from trimast.model.resources import NOTHING
from trimast.model.task import TaskInfo


async def run_command(order: RunProbe, folder: Path, besides: Besides) -> int:
    """Its exit code; the number of the signal that ended it, negative. What it says is dropped.

    When this ends, in whatever way, nothing of it is left.

    Raises:
        BesideFailed, ValueError: it cannot be started.
    """
    command = order.probe.command
    assert command is not None
    as_task = _as_task(order, command)
    try:
        user = user_of(as_task)
    except CannotStart as error:
        raise ValueError(str(error)) from error
    program, arguments = program_and_arguments(as_task.task.command)
    process = await besides.start(
        BesideOrder(
            launch_name((order.key, order.fence)),
            program,
            arguments,
            folder,
            environment(as_task, folder, user),
            None if user is None else (user.uid, user.gid, user.groups),
        )
    )
    try:
        return await process.ended
    finally:
        await besides.end(process)


def _as_task(order: RunProbe, command: CommandInfo) -> StartProcess:
    """As if it were to be started as a task: so everything about it is as with one."""
    # What the task itself had fetched is there.
    what = replace(command, environment=order.environment + command.environment, uris=())
    task = TaskInfo(order.key.task_id, order.key.task_id, order.agent_id, NOTHING, what)
    return StartProcess(order.agent_id, order.key, order.fence, task, order.user, order.group)
