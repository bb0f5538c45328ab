"""Runs each task as a plain process: a session and group of its own, in its sandbox.

Nothing holds it to its share of CPU and memory yet; that is for a containerizer with cgroups.
"""

import asyncio
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from agent.edge.containerizer.command_line import (
    CannotStart,
    User,
    environment,
    program_and_arguments,
    user_of,
)
from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.process_table import process_facts
from agent.edge.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.events import ProcessExited, ProcessStarted, StartFailed
from agent.tasks import TaskKey
from trimast.edge.fatal import own_task

log = structlog.get_logger()

SPAWN_AT_ONCE_MAX: Final = 8
"""How many a thread starts before it tells of the first."""
_THREADS: Final = 2
_UMASK: Final = 0o022


@dataclass(slots=True)
class _Running:
    """
    Attributes:
        popen: waits for exactly this process. Until it has been waited for, neither the number
            of the process nor that of its group can become another's.
        handle: becomes readable when the process has ended.
    """

    key: TaskKey
    fence: int
    popen: "subprocess.Popen[bytes]"
    handle: int
    start_ticks: int


class ProcessContainerizer:
    def __init__(self, sandboxes: Sandboxes, on_event: Callable[[ContainerEvent], None]) -> None:
        self._sandboxes = sandboxes
        self._on_event = on_event
        self._running: dict[tuple[TaskKey, int], _Running] = {}
        self._waiting: deque[StartProcess] = deque()
        self._threads_idle = _THREADS
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="spawn")
        self._dev_null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._spawning: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def start(self, order: StartProcess) -> None:
        self._waiting.append(order)
        if self._threads_idle:
            self._threads_idle -= 1
            # In the next turn, so that all orders of this one go together.
            asyncio.get_running_loop().call_soon(self._spawn_waiting)

    def terminate(self, key: TaskKey, fence: int) -> None:
        self._signal(key, fence, signal.SIGTERM)

    def kill(self, key: TaskKey, fence: int) -> None:
        self._signal(key, fence, signal.SIGKILL)

    async def close(self) -> None:
        self._is_closed = True
        self._waiting.clear()
        if self._spawning:
            await asyncio.wait(self._spawning)
        self._pool.shutdown()
        loop = asyncio.get_running_loop()
        for running in list(self._running.values()):
            loop.remove_reader(running.handle)
            _kill_group(running)
            await asyncio.to_thread(running.popen.wait)
            os.close(running.handle)
        self._running.clear()
        os.close(self._dev_null)

    def _signal(self, key: TaskKey, fence: int, number: signal.Signals) -> None:
        running = self._running.get((key, fence))
        if running is not None:
            _signal_group(running, number)

    def _spawn_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(SPAWN_AT_ONCE_MAX, len(self._waiting)))]
        if not batch:
            self._threads_idle += 1
            return
        spawning = own_task(self._spawn_in_thread(batch))
        self._spawning.add(spawning)
        spawning.add_done_callback(self._spawning.discard)

    async def _spawn_in_thread(self, batch: list[StartProcess]) -> None:
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._pool, self._spawn_all, batch)
        self._spawn_waiting()
        for outcome in outcomes:
            if isinstance(outcome, StartFailed):
                self._on_event(outcome)
            else:
                self._begin_watching(outcome)

    def _begin_watching(self, running: _Running) -> None:
        key, fence = running.key, running.fence
        self._running[key, fence] = running
        if self._is_closed:
            return
        self._on_event(ProcessStarted(key, fence, running.popen.pid, running.start_ticks))
        asyncio.get_running_loop().add_reader(running.handle, self._reap, running)

    def _reap(self, running: _Running) -> None:
        asyncio.get_running_loop().remove_reader(running.handle)
        # First whatever it left behind, while the number of the group is still its own.
        _kill_group(running)
        code = running.popen.wait()
        os.close(running.handle)
        del self._running[running.key, running.fence]
        exit_code, by_signal = (code, None) if code >= 0 else (None, -code)
        self._on_event(ProcessExited(running.key, running.fence, exit_code, by_signal))

    def _spawn_all(self, batch: list[StartProcess]) -> "list[_Running | StartFailed]":
        """In a thread."""
        outcomes: list[_Running | StartFailed] = []
        for order in batch:
            try:
                outcomes.append(self._spawn(order))
            except (CannotStart, OSError, ValueError, subprocess.SubprocessError) as error:
                why = f"Cannot start the task: {error}"
                outcomes.append(StartFailed(order.key, order.fence, why[:1000]))
        return outcomes

    def _spawn(self, order: StartProcess) -> _Running:
        user = user_of(order)
        sandbox = self._sandboxes.create(order.agent_id, order.key, order.fence)
        program, arguments = program_and_arguments(order.task.command)
        output, errors = _open_output(sandbox / "stdout"), _open_output(sandbox / "stderr")
        try:
            if user is not None:
                _give_to(user, sandbox, output, errors)
            popen = subprocess.Popen(
                arguments,
                executable=program,
                cwd=sandbox,
                env=environment(order, sandbox, user),
                stdin=self._dev_null,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                close_fds=True,
                user=None if user is None else user.uid,
                group=None if user is None else user.gid,
                extra_groups=None if user is None else user.groups,
                umask=_UMASK,
            )
        finally:
            os.close(output)
            os.close(errors)
        handle = os.pidfd_open(popen.pid)
        # It is there even if it has ended: nobody has waited for it.
        facts = process_facts(popen.pid)
        assert facts is not None
        return _Running(order.key, order.fence, popen, handle, facts.start_ticks)


def _open_output(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o644)


def _give_to(user: User, sandbox: Path, *files: int) -> None:
    os.chown(sandbox, user.uid, user.gid, follow_symlinks=False)
    for file in files:
        os.chown(file, user.uid, user.gid)


def _kill_group(running: _Running) -> None:
    _signal_group(running, signal.SIGKILL)


def _signal_group(running: _Running, number: signal.Signals) -> None:
    try:
        os.killpg(running.popen.pid, number)
    except ProcessLookupError:
        return  # It ended, and left nothing behind.
    except PermissionError as error:
        # It changed its user; an agent that is not root cannot follow it there.
        log.error("task_not_signalled", task_id=running.key.task_id, error=str(error))
