"""The order for the launcher to run a task in a container, made of the order to run it without."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from agent.edge.containerizer.command_line import CannotStart
from agent.edge.containerizer.podman import Podman, PodmanFailed, environment
from agent.edge.containerizer.podman_command import ContainerPlace, run_arguments
from agent.edge.containerizer.podman_records import (
    ContainerRecord,
    ContainerRecords,
    container_name,
    owner_of,
)
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.effects import StartProcess
from agent.launcher.cgroups.contract import CGROUP_1, CGROUP_2, Bounds
from agent.launcher.wire import Message

CONTAINER: Final = "container"
"""What the order has beside what the launcher is to know; taken out before it is sent."""


class IntoContainer:
    """Called in threads.

    Args:
        records: where pid files go.
        folder: of the launcher.
        kind: how the launcher holds tasks.
        root: of its cgroups.
    """

    def __init__(
        self,
        podman: Podman,
        rules: PodmanRules,
        records: ContainerRecords,
        folder: Path,
        *,
        kind: Callable[[], str],
        root: str,
        new_privileges: bool,
    ) -> None:
        self._podman = podman
        self._rules = rules
        self._records = records
        self._owner = owner_of(folder)
        self._kind = kind
        self._root = root
        self._new_privileges = new_privileges

    def __call__(
        self, order: StartProcess, message: Message, shared: Path | None, bounds: Bounds
    ) -> Message:
        """Raises CannotStart, OSError."""
        assert order.task.container is not None
        image = order.task.container.image
        assert image is not None
        launch, kind = message["launch"], self._kind()
        group = f"/{self._root}/{message['group']}" if kind == CGROUP_1 else ""
        name = container_name(launch)
        pid_file = str(self._records.pid_file(name).absolute())
        place = ContainerPlace(name, launch, self._owner, pid_file, group, kind == CGROUP_2)
        try:
            program = self._podman.program()
        except PodmanFailed as error:
            raise CannotStart(str(error)) from None
        sandbox = message["folder"]
        arguments = run_arguments(
            order,
            place,
            sandbox=Path(sandbox),
            shared=shared,
            bounds=bounds,
            rules=self._rules,
            new_privileges=self._new_privileges,
        )
        record = ContainerRecord(
            name, launch, group, place.is_split, bounds.mem_bytes, message["stderr"]
        )
        wanted = {"image": image.name, "always": image.always_pull, "record": record}
        return {
            **message,
            "program": program,
            "arguments": ["podman", *arguments],
            # Its folder, so that it is known for the task's by whoever comes upon it.
            "environment": {**environment(), "MESOS_SANDBOX": sandbox},
            "user": None,
            "box": {},
            **({"bounds": asdict(_around(bounds))} if "bounds" in message else {}),
            CONTAINER: wanted,
        }


def _around(bounds: Bounds) -> Bounds:
    """podman itself needs more memory than many a task may have; the container has its bounds."""
    return Bounds(bounds.cpu_shares)
