"""Tasks that misbehave on a real agent: each ends, is reported, leaves nothing, disturbs nobody.

Where there are no cgroups tasks run without bounds, and the agent says so.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen

from agent.edge.containerizer.isolating import Isolating
from agent.isolation.modes import Isolation
from tests.agent.left_groups import groups_left
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down
from trimast.framework import Offer, Scheduler, SchedulerDriver, StatusUpdate, command_task
from trimast.model.status_update import StatusReason
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState

LATE_S_MAX = 2.0
"""For the agent to answer while its tasks do their worst."""
BOMB = "import os\nwhile True:\n try: os.fork()\n except OSError: pass\n"
HOG = "x = []\nwhile True: x.append(bytearray(1 << 20))\n"
STOPPED = "sleep 1000 & kill -STOP $! $$"
DAEMON = "setsid setsid sleep 1000 & sleep 0.2"


class Watched(Scheduler):
    """Launches each task once, and keeps what is reported of it."""

    def __init__(self, *tasks: TaskInfo) -> None:
        self.waiting = list(tasks)
        self.reports: dict[str, list[StatusUpdate]] = {}
        self.changed = asyncio.Event()

    def offers(self, driver: SchedulerDriver, offers: Sequence[Offer]) -> None:
        for offer in offers:
            placed, self.waiting = self.waiting, []
            driver.launch(offer, placed, refuse_ms=0)

    def status_update(self, driver: SchedulerDriver, update: StatusUpdate) -> None:
        self.reports.setdefault(update.task_id, []).append(update)
        self.changed.set()

    async def until(self, task_id: str, *, ended: bool) -> StatusUpdate:
        async with asyncio.timeout(60):
            while True:
                for update in self.reports.get(task_id, ()):
                    if update.state.is_terminal or (
                        not ended and update.state is TaskState.RUNNING
                    ):
                        return update
                self.changed.clear()
                await self.changed.wait()


def look(cluster: ClusterFile, path: str) -> Any:
    """At a page of the agent, which is to answer in time whatever its tasks do."""
    begin_s = time.monotonic()
    with urlopen(f"http://{cluster.agents[0].http}{path}", timeout=10) as answer:
        page = json.load(answer)
    assert time.monotonic() - begin_s < LATE_S_MAX
    return page


def run(cluster: ClusterFile, watched: Watched, kill: Sequence[str] = ()) -> None:
    """Until every task has ended."""

    async def main() -> None:
        driver = SchedulerDriver(watched, "isolation", cluster.master_addresses)
        async with driver:
            for task in list(watched.waiting):
                await watched.until(task.task_id, ended=task.task_id not in kill)
            for task_id in kill:
                # Give it time to do its worst, and look at the agent meanwhile.
                for _ in range(5):
                    health = await asyncio.to_thread(look, cluster, "/health")
                    assert health["linked"]
                driver.kill(watched.reports[task_id][0].task_id)
                await watched.until(task_id, ended=True)

    asyncio.run(main())


def root_of(cluster: ClusterFile) -> str:
    folder = cluster.folder / cluster.agents[0].id / "launcher"
    return Isolating(Isolation.AUTO).root_for(folder)


def python(task_id: str, program: str, mem_mib: float) -> TaskInfo:
    return command_task(task_id, [sys.executable, "-c", program], mem_mib=mem_mib)


def test_whatever_a_task_does_it_ends_whole_and_disturbs_nobody(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=1, agents=1)
    isolation = look(cluster, "/state")["isolation"]
    if isolation["kind"] == "process":
        assert isolation["why"]
        watched = Watched(command_task("daemon", DAEMON))
        run(cluster, watched)
        assert watched.reports["daemon"][-1].state is TaskState.FINISHED
        return
    # Behind a bound of the agent's own: what is tried here is that the bound holds.
    watched = Watched(
        python("bomb", BOMB, mem_mib=512),
        python("hog", HOG, mem_mib=64),
        command_task("daemon", DAEMON),
        command_task("stopped", STOPPED, kill_grace_ms=100),
    )
    run(cluster, watched, kill=["bomb", "stopped"])
    ends = {task_id: reports[-1] for task_id, reports in watched.reports.items()}
    assert ends["hog"].state is TaskState.FAILED
    assert ends["hog"].reason is StatusReason.CONTAINER_LIMITATION_MEMORY
    assert "Memory limit exceeded: Requested: 64.0MB Maximum Used: 64.0MB" in ends["hog"].message
    assert ends["daemon"].state is TaskState.FINISHED
    assert ends["stopped"].state is TaskState.KILLED
    assert ends["bomb"].state in {TaskState.KILLED, TaskState.FAILED}
    assert [name for name in groups_left(root_of(cluster)) if name.startswith("task-")] == []
    bring_down(cluster.folder, grace_s=5)
    assert groups_left(root_of(cluster)) == []
