"""A task's command as the kernel wants it: program, arguments, environment, user."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.effects import StartProcess
from trimast.model.task import CommandInfo

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CannotStart(Exception):
    """The task cannot be run here; the text is for whoever launched it."""


@dataclass(frozen=True, slots=True)
class User:
    """
    Attributes:
        groups: every group the user is in.
    """

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def program_and_arguments(command: CommandInfo) -> tuple[str, list[str]]:
    """The arguments begin with the name that the program sees as its own."""
    if command.shell:
        return "/bin/sh", ["sh", "-c", command.value]
    return command.value, list(command.arguments) or [command.value]


def environment(order: StartProcess, sandbox: Path, user: User | None) -> dict[str, str]:
    """Nothing of the agent's own; what the task names wins."""
    place = str(sandbox)
    return {
        "PATH": PATH,
        "HOME": place,
        **({"USER": user.name, "LOGNAME": user.name} if user is not None else {}),
        "MESOS_SANDBOX": place,
        "MESOS_DIRECTORY": place,
        "MESOS_AGENT_ID": order.agent_id,
        "MESOS_SLAVE_ID": order.agent_id,
        "MESOS_FRAMEWORK_ID": order.key.framework_id,
        "MESOS_EXECUTOR_ID": order.group or order.key.task_id,
        "MESOS_TASK_ID": order.key.task_id,
        "TRIMAST_TASK_ID": order.key.task_id,
        "TRIMAST_FENCE": str(order.fence),
        **dict(order.task.command.environment),
    }


def user_of(order: StartProcess) -> User | None:
    """Whom to run as; None if that is whom the agent runs as. Raises CannotStart."""
    name = order.task.command.user or order.user
    if not name:
        return None
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise CannotStart(f"user {name!r} is unknown on this machine") from None
    if entry.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise CannotStart(f"only an agent that runs as root can run tasks as {name!r}")
    return User(name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))
