"""What there must be before a task's process: its sandbox, and the order for the launcher."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from agent.edge.containerizer.boxing import box_of
from agent.edge.containerizer.command_line import (
    CannotStart,
    User,
    environment,
    program_and_arguments,
    user_of,
)
from agent.edge.containerizer.isolating import Isolating, group_name
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.edge.sandbox.volumes import Volumes
from agent.effects import StartProcess
from agent.executors.executor import executor_key
from agent.isolation.bounds import bounds_of
from agent.launcher.cgroups.contract import Bounds
from agent.launcher.wire import MESSAGE_BYTES_MAX, Message
from agent.tasks import TaskKey
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.resource_kind import volumes_in

_START_BYTES_MAX: Final = MESSAGE_BYTES_MAX // 8
"""Of a command with its environment; each byte may become six on the wire."""

Run = tuple[TaskKey, int]
IntoContainer = Callable[[StartProcess, Message, Path | None, Bounds], Message]


def launch_name(run: Run) -> str:
    """What the launcher calls it."""
    key, fence = run
    return json.dumps([key.framework_id, key.task_id, fence])


def run_of(name: str) -> Run:
    """What has that name. Raises ValueError, TypeError."""
    framework_id, task_id, fence = json.loads(name)
    return TaskKey(FrameworkId(framework_id), TaskId(task_id)), fence


class Preparing:
    """Its methods are called in threads.

    Args:
        holds: whether there are cgroups to hold tasks in.
        into_container: makes the order for a task with an image of that for one without.
    """

    def __init__(
        self,
        sandboxes: Sandboxes,
        isolating: Isolating,
        holds: Callable[[], bool],
        into_container: IntoContainer,
        volumes: Volumes | None = None,
    ) -> None:
        self._into_container = into_container
        self._sandboxes = sandboxes
        self._isolating = isolating
        self._holds = holds
        self._volumes = volumes

    def prepare(self, order: StartProcess) -> Message:
        """Raises CannotStart, VolumeMissing, OSError, ValueError."""
        user = user_of(order)
        sandbox = self._sandboxes.create(order.agent_id, order.key, order.fence)
        output = [_make_output(sandbox / name, user) for name in ("stdout", "stderr")]
        shared: Path | None = None
        if order.group is not None:
            shared = self._share(order, order.group, sandbox, user)
        self._link_volumes(order, sandbox, user)
        if user is not None:
            os.chown(sandbox, user.uid, user.gid, follow_symlinks=False)
        program, arguments = program_and_arguments(order.task.command)
        variables = environment(order, sandbox, user)
        length = sum(map(len, (program, *arguments, *variables, *variables.values())))
        if length > _START_BYTES_MAX:
            raise CannotStart(
                f"its command and environment have more than {_START_BYTES_MAX} bytes"
            )
        bounds = bounds_of(order.task.resources, order.task.limits, self._isolating.rules)
        message: Message = {
            "do": "start",
            "launch": launch_name((order.key, order.fence)),
            "program": program,
            "arguments": arguments,
            "environment": variables,
            "folder": str(sandbox),
            "stdout": output[0],
            "stderr": output[1],
            "user": None if user is None else [user.uid, user.gid, list(user.groups)],
            "box": self._box(order, user),
            **self._hold(order, bounds),
        }
        if order.task.container is None or order.task.container.image is None:
            return message
        return self._into_container(order, message, shared, bounds)

    def _box(self, order: StartProcess, user: User | None) -> Message:
        uid = os.geteuid() if user is None else user.uid
        return box_of(
            order.task.container,
            is_root=uid == 0,
            new_privileges=self._isolating.new_privileges,
        )

    def _hold(self, order: StartProcess, bounds: Bounds) -> Message:
        if not self._holds():
            return {}
        return {
            "group": group_name(launch_name((order.key, order.fence))),
            "bounds": asdict(bounds),
        }

    def _link_volumes(self, order: StartProcess, sandbox: Path, user: User | None) -> None:
        """A task finds its volumes as links in its sandbox, and may write there."""
        wanted = volumes_in(order.task.resources)
        if not wanted:
            return
        if self._volumes is None:
            raise CannotStart("this agent keeps no persistent volumes")
        owner = (os.geteuid(), os.getegid()) if user is None else (user.uid, user.gid)
        self._volumes.link(sandbox, wanted, owner)

    def _share(
        self, order: StartProcess, group: ExecutorId, sandbox: Path, user: User | None
    ) -> Path:
        """The tasks of a group find what they share as `group` in their sandboxes."""
        key = executor_key(order.key.framework_id, group)
        shared = self._sandboxes.share(order.agent_id, key, order.fence)
        os.symlink(shared, sandbox / "group")
        if user is not None:
            os.chown(shared, user.uid, user.gid, follow_symlinks=False)
        return shared


def _make_output(path: Path, user: User | None) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o644)
    try:
        if user is not None:
            os.chown(file, user.uid, user.gid)
    finally:
        os.close(file)
    return str(path)
