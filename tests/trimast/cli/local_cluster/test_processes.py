"""Processes are told apart by number and start time, and only those are signalled."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimast.cli.local_cluster.processes import (
    LAUNCHER_MODULE,
    ProcessMark,
    is_alive,
    launchers_under,
    mark_of,
    send,
    start_detached,
    stop,
    tasks_left_under,
    wait_gone,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProcessMark]:
    process = start_detached("http.server", ["--bind", "127.0.0.1", "0"], tmp_path / "log")
    yield process
    send(process, signal.SIGKILL)
    wait_gone([process], 5)


def test_a_detached_process_has_its_own_session_and_no_settings_of_ours(
    server: ProcessMark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert is_alive(server)
    assert os.getsid(server.pid) == server.pid
    monkeypatch.setenv("TRIMAST_ID", "m9")
    other = start_detached("http.server", ["--bind", "127.0.0.1", "0"], tmp_path / "other")
    environment = Path(f"/proc/{other.pid}/environ").read_bytes()
    stop([other], 5)
    assert b"TRIMAST_" not in environment
    assert not is_alive(other)


def test_another_process_of_the_same_number_is_left_alone(server: ProcessMark) -> None:
    former = dataclasses.replace(server, start_ticks=server.start_ticks - 1)
    assert not send(former, signal.SIGKILL)
    assert is_alive(server)
    assert not is_alive(former)


def test_a_process_that_is_stopped_ends_too(server: ProcessMark) -> None:
    send(server, signal.SIGSTOP)
    stop([server], 5)
    assert not is_alive(server)


def test_what_ended_is_not_alive_before_anybody_looked_at_its_end(tmp_path: Path) -> None:
    process = start_detached("no_such_module", [], tmp_path / "log")
    end_s = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < end_s:
        os.sched_yield()
    assert mark_of(process.pid) is None
    assert wait_gone([process], 0) == []
    assert "no_such_module" in (tmp_path / "log").read_text(encoding="utf-8")


def test_tasks_are_found_by_the_sandbox_they_were_given(tmp_path: Path) -> None:
    variables = {"MESOS_SANDBOX": f"{tmp_path}/a1/sandbox"}
    script = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as task:
        assert task.stdout is not None
        task.stdout.readline()
        assert [left.pid for left in tasks_left_under(tmp_path)] == [task.pid]
        assert list(tasks_left_under(tmp_path / "a1" / "sandbox" / "deeper")) == []
        task.kill()


def test_launchers_are_found_by_the_folder_of_their_agent(tmp_path: Path) -> None:
    launcher = start_detached(
        LAUNCHER_MODULE, [str(tmp_path / "a1" / "launcher"), "60"], tmp_path / "log"
    )
    try:
        assert list(launchers_under(tmp_path)) == [launcher]
        assert list(launchers_under(tmp_path / "a1")) == [launcher]
        assert list(launchers_under(tmp_path / "a")) == []
    finally:
        stop([launcher], 5)
