"""A containerizer with podman, or with what behaves like it, on a real directory."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.isolating import Isolating
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.containerizer.podman_records import container_name
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.edge.containerizer.preparing import launch_name
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import FindProcess, StartProcess
from agent.events import ProcessExited
from agent.isolation.modes import Isolation
from agent.tasks import TaskKey
from tests.agent.edge.containerizer import fake_podman
from tests.agent.one_agent import AGENT, KEY, task_info
from trimast.model.container import ContainerInfo, ImageInfo, Network
from trimast.model.task import CommandInfo

EventT = TypeVar("EventT")
REAL_IMAGE = "localhost/trimast-test:1"
FAKE_IMAGE = "good"


class ContainerNode:
    """
    Args:
        image: what tasks run in.
    """

    def __init__(self, root: Path, podman: PodmanRules, isolation: Isolation, image: str) -> None:
        self.root = root
        self.image = image
        self.podman = podman
        self.isolation = isolation
        self.boxes = Sandboxes(root / "boxes", kept_max=9, age_max_ms=10**9)
        self.events: list[ContainerEvent] = []
        self._changed = asyncio.Event()
        self.processes = self._make()

    def _make(self) -> LaunchedContainerizer:
        return LaunchedContainerizer(
            self.root / "launcher",
            self.boxes,
            self._on_event,
            idle_s=5,
            isolating=Isolating(self.isolation, "trimast-test"),
            podman=self.podman,
        )

    def _on_event(self, event: ContainerEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def restart(self) -> None:
        await self.processes.close(end=False)
        self.events.clear()
        self.processes = self._make()
        await self.processes.open()

    def start(self, line: str, *, key: TaskKey = KEY, image: str = "", **command: Any) -> None:
        asked = ImageInfo(image or self.image, network=Network.NONE)
        task = replace(
            task_info(key),
            command=CommandInfo(line, **command),
            container=ContainerInfo(image=asked),
        )
        self.processes.start(StartProcess(AGENT, key, 7, task, ""))

    def find(self, key: TaskKey = KEY) -> None:
        self.processes.find(FindProcess(AGENT, key, 7))

    async def next(self, kind: type[EventT], key: TaskKey = KEY) -> EventT:
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and getattr(event, "key", None) == key:
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def exit_code(self, key: TaskKey = KEY) -> int | None:
        return (await self.next(ProcessExited, key)).exit_code

    def written(self, name: str = "stdout", key: TaskKey = KEY) -> str:
        box = self.boxes.find(key)
        assert box is not None
        return (box / name).read_text()

    def has_container(self, key: TaskKey = KEY) -> bool:
        name = container_name(launch_name((key, 7)))
        asked = [self.podman.program, *self.podman.args, "container", "exists", name]
        return subprocess.run(asked, check=False).returncode == 0


def fake_rules(folder: Path, monkeypatch: Any) -> PodmanRules:
    """Its home is in the folder, too."""
    folder.mkdir(exist_ok=True)
    (folder / "podman").mkdir(exist_ok=True)
    program = folder / "fake"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {fake_podman.__file__} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("HOME", str(folder))
    return PodmanRules(str(program))


@cache
def why_no_real_podman() -> str:
    """ "" if there is one that runs containers, with an image to run."""
    busybox = shutil.which("busybox")
    if shutil.which("podman") is None or busybox is None or os.geteuid() != 0:
        return "no podman, or no busybox, or not root"
    script = f"""
        folder=$(mktemp -d) && cd "$folder" && mkdir bin tmp proc sys dev etc
        cp {busybox} bin/busybox
        for name in sh sleep true cat; do ln -s busybox bin/$name; done
        tar c . | podman {" ".join(real_rules().args)} import - {REAL_IMAGE}
        podman {" ".join(real_rules().args)} run --rm --network none --ulimit nofile=512:512 \\
            --ulimit nproc=512:512 {REAL_IMAGE} /bin/true
    """
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def real_rules() -> PodmanRules:
    runtime = next(filter(shutil.which, ("crun", "runc")), "crun")
    return PodmanRules("podman", ("--runtime", runtime))


Story = Callable[[ContainerNode], Any]
