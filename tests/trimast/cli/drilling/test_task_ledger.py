"""Tasks are counted from what they wrote, and from the kernel."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimast.cli.drilling.task_ledger import SCRIPT, Touched, read_ledger, touched_tasks
from trimast.cli.local_cluster.processes import ProcessMark, is_alive


class Tasks:
    """Real ones, without a cluster."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str) -> ProcessMark:
        before = len(read_ledger(self.path).get(name, []))
        variables = {"TASK_NAME": name, "TASK_LEDGER": str(self.path), "PATH": "/usr/bin:/bin"}
        self._processes.append(subprocess.Popen(["/bin/sh", "-c", SCRIPT], env=variables))
        while len(starts := read_ledger(self.path).get(name, [])) == before:
            assert self._processes[-1].poll() is None
        return starts[-1]

    def kill(self, process: ProcessMark) -> None:
        [found] = (each for each in self._processes if each.pid == process.pid)
        found.kill()
        found.wait()

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    started = Tasks(tmp_path)
    yield started
    started.end()


def test_a_task_writes_down_the_process_that_it_stays(tasks: Tasks) -> None:
    process = tasks.start("t1")
    assert is_alive(process)
    assert touched_tasks({"t1": process}, read_ledger(tasks.path)) == Touched()


def test_lost_doubled_and_restarted_are_told_apart(tasks: Tasks) -> None:
    first = {name: tasks.start(name) for name in ("lost", "doubled", "restarted", "well")}
    tasks.kill(first["lost"])
    tasks.kill(first["restarted"])
    tasks.start("restarted")
    tasks.start("doubled")
    assert touched_tasks(first, read_ledger(tasks.path)) == Touched(
        lost=frozenset({"lost"}),
        doubled=frozenset({"doubled"}),
        restarted=frozenset({"restarted"}),
    )
