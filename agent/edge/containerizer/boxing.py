"""What is taken from a task's process before it begins, as the launcher understands it."""

import resource
from typing import Final

from agent.edge.containerizer.command_line import CannotStart
from agent.launcher.wire import Message
from trimast.model.container import CAPABILITIES, ContainerInfo, Network, Rlimit

NOTHING_ASKED: Final = ContainerInfo()


def box_of(container: ContainerInfo | None, *, is_root: bool, new_privileges: bool) -> Message:
    """
    Args:
        is_root: the task runs as root, and may keep capabilities.
        new_privileges: programs that it runs may give it more than it has, as sudo does.

    Raises CannotStart.
    """
    asked = container or NOTHING_ASKED
    kept = asked.capabilities if is_root else ()
    own = {
        "pid": asked.own_pids,
        "ipc": asked.own_ipc,
        "net": asked.network is Network.NONE,
    }
    may_gain = new_privileges and is_root is False and asked.capabilities is None
    return {
        "rlimits": [[_number(rlimit), rlimit.soft, rlimit.hard] for rlimit in asked.rlimits],
        "capabilities": None if kept is None or may_gain else [*map(CAPABILITIES.index, kept)],
        "namespaces": [name for name, is_own in own.items() if is_own],
        "no_new_privs": not new_privileges,
    }


def _number(rlimit: Rlimit) -> int:
    if rlimit.name == "LOCKS":
        raise CannotStart("the kernel knows no rlimit of LOCKS any more")
    number: int = getattr(resource, f"RLIMIT_{rlimit.name}")
    return number
