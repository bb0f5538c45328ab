"""A real launcher for a test, and an agent's end of its socket."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

from agent.launcher.processes import process_facts
from agent.launcher.wire import SOCKET_NAME, Message, MessageReader, message_to_bytes

ROOT = Path(__file__).parents[3]
BOUNDS = {"cpu_shares": 102, "mem_bytes": 32 << 20, "mem_soft_bytes": 32 << 20, "pids_max": 100}


class Rig:
    """A launcher in a folder with a long name, and the connection of an agent to it."""

    def __init__(self, tmp_path: Path, idle_s: float = 60, root: str = "") -> None:
        self.folder = tmp_path / ("long" * 40) / "launcher"
        self.folder.parent.mkdir(exist_ok=True)
        self.boxes = tmp_path
        self.idle_s = idle_s
        self.root = root
        self.processes: list[subprocess.Popen[bytes]] = []
        self.connection: socket.socket | None = None
        self.told: list[Message] = []
        self.run()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        return self.processes[-1]

    def run(self) -> int:
        """Start one; returns how many bytes it said, or 0 if it has ended."""
        with (self.folder.parent / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-S", "-P", "-m", "agent.launcher"),
                    *(str(self.folder), str(self.idle_s), self.root),
                ],
                env={"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        assert process.stdout is not None
        return len(process.stdout.read(1))

    def connect(self) -> Message:
        """Returns how it greets."""
        if self.connection is not None:
            self.connection.close()
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        folder = os.open(self.folder, os.O_RDONLY)
        self.connection.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
        os.close(folder)
        self.reader = MessageReader()
        self.told = []
        self.say(do="hello", version=1)
        return self.next()

    def say(self, **message: Any) -> None:
        assert self.connection is not None
        self.connection.sendall(message_to_bytes(message))

    def next(self) -> Message:
        assert self.connection is not None
        while not self.told:
            data = self.connection.recv(65536)
            assert data, "the launcher has hung up"
            self.told += self.reader.feed(data)
        return self.told.pop(0)

    def order(self, name: str, line: str, **more: Any) -> Message:
        for stream in ("stdout", "stderr"):
            (self.boxes / f"{name}.{stream}").touch()
        return {
            "do": "start",
            "launch": name,
            "program": "/bin/sh",
            "arguments": ["sh", "-c", line],
            "environment": {"PATH": os.environ["PATH"], "BOX": str(self.boxes)},
            "folder": str(self.boxes),
            "stdout": str(self.boxes / f"{name}.stdout"),
            "stderr": str(self.boxes / f"{name}.stderr"),
            "user": None,
            **({"group": f"g-{name}", "bounds": BOUNDS} if self.root else {}),
            **more,
        }

    def start(self, name: str, line: str, **more: Any) -> None:
        self.say(**self.order(name, line, **more))

    def watch(self, name: str, pid: int = 0, start_ticks: int = 0, boot_id: str = "") -> Message:
        place = {"pid": pid, "start_ticks": start_ticks, "boot_id": boot_id}
        self.say(do="watch", launch=name, folder=str(self.boxes), **place)
        return self.next()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        if self.process.poll() is None:
            self.connect()
            self.say(do="end")
            self.process.wait(10)
        for process in self.processes:
            process.kill()
            process.communicate()
        if self.connection is not None:
            self.connection.close()


def await_that(is_true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < end_s
        time.sleep(0.002)


def kind_of(rig: Rig) -> str:
    return str(rig.connect()["isolation"])


def groups_of(rig: Rig) -> list[str]:
    """Every group of a task that there is."""
    return sorted(
        {Path(path).name for path in glob(f"/sys/fs/cgroup/**/{rig.root}/g-*", recursive=True)}
    )


def is_alive(pid: int) -> bool:
    facts = process_facts(pid)
    return facts is not None and not facts.is_gone
