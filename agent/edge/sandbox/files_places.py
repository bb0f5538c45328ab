"""What a path of the files API means: a sandbox that the agent knows, and a path below it.

Names are looked up, never joined: what no task bears leads nowhere.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.container_names import fence_of
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.tasks import TaskKey
from trimast.model.ids import AgentId, FrameworkId, TaskId

PATH_CHARS_MAX: Final = 8192


@dataclass(frozen=True, slots=True)
class FilePlace:
    """
    Attributes:
        sandbox: on this machine.
        below: the path in it; "" is the sandbox itself.
    """

    sandbox: Path
    below: str


class FilePlaces:
    """
    Args:
        work_dir: of the agent, as it tells it to others.
    """

    def __init__(self, sandboxes: Sandboxes, work_dir: Path) -> None:
        self._sandboxes = sandboxes
        self._top = [part for part in str(work_dir).split("/") if part]

    def find(self, path: str) -> FilePlace | None:
        """
        Args:
            path: `WORK_DIR/slaves/A/frameworks/F/executors/E/runs/C/…`, where C is a fence, a
                container's id or `latest`, or `/frameworks/F/executors/E/latest/…`, as with Mesos.
        """
        if len(path) > PATH_CHARS_MAX or "\0" in path:
            return None
        parts = [part for part in path.split("/") if part not in {"", "."}]
        depth = len(self._top)
        if parts[:depth] == self._top:
            return self._of_run(parts[depth:])
        match parts:
            case ["frameworks", framework_id, "executors", executor_id, "latest", *rest]:
                return self._latest(_key(framework_id, executor_id), rest)
            case _:
                return None

    def _of_run(self, parts: list[str]) -> FilePlace | None:
        if len(parts) < 8 or parts[0:7:2] != ["slaves", "frameworks", "executors", "runs"]:
            return None
        agent_id, framework_id, executor_id, run = parts[1:8:2]
        rest, key = parts[8:], _key(framework_id, executor_id)
        if run == "latest":
            return self._latest(key, rest)
        fence = fence_of(run, key)
        if fence is None:
            return None
        sandbox = self._sandboxes.find_run(AgentId(agent_id), key, fence)
        return None if sandbox is None else FilePlace(sandbox, "/".join(rest))

    def _latest(self, key: TaskKey, rest: list[str]) -> FilePlace | None:
        sandbox = self._sandboxes.find(key)
        return None if sandbox is None else FilePlace(sandbox, "/".join(rest))


def _key(framework_id: str, executor_id: str) -> TaskKey:
    return TaskKey(FrameworkId(framework_id), TaskId(executor_id))
