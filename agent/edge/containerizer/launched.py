"""Runs each task as a plain process of the launcher, in a sandbox and a group of its own.

Nothing holds it to its share of CPU and memory yet; that is for a containerizer with cgroups.
"""

import asyncio
import json
import os
import signal
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
from agent.edge.containerizer.launcher_link import IDLE_S, LauncherLink
from agent.edge.sandboxes import Sandboxes
from agent.effects import FindProcess, StartProcess
from agent.events import (
    Asked,
    ProcessExited,
    ProcessMissing,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
    Vanishing,
)
from agent.executors.executor import executor_key
from agent.launcher.launch import ENDED, RUNNING, UNKNOWN
from agent.launcher.wire import MESSAGE_BYTES_MAX, Message
from agent.tasks import TaskKey
from trimast.edge.fatal import own_task
from trimast.model.ids import ExecutorId, FrameworkId, TaskId

log = structlog.get_logger()

PREPARE_AT_ONCE_MAX: Final = 8
"""How many sandboxes a thread makes before their tasks are ordered."""
_THREADS: Final = 2
_START_BYTES_MAX: Final = MESSAGE_BYTES_MAX // 8
"""Of a command with its environment; each byte may become six on the wire."""

Run = tuple[TaskKey, int]


@dataclass(slots=True)
class _Held:
    """
    Attributes:
        question: what the launcher is asked, and asked again if it is lost: `start` until the task
            runs, `watch` from then on.
        asked: the last signal, for the same reason.
        is_told: that it runs.
        is_over: told how it ended, and kept until that is on disk.
    """

    question: Message
    asked: Message | None = None
    is_told: bool = False
    is_over: bool = False


class LaunchedContainerizer:
    """
    Args:
        folder: of the launcher.

    Attributes:
        link: to the launcher.
    """

    def __init__(
        self,
        folder: Path,
        sandboxes: Sandboxes,
        on_event: Callable[[ContainerEvent], None],
        *,
        idle_s: float = IDLE_S,
    ) -> None:
        self._sandboxes = sandboxes
        self._on_event = on_event
        self._held: dict[Run, _Held] = {}
        self._waiting: deque[StartProcess] = deque()
        self._threads_idle = _THREADS
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="prepare")
        self._preparing: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.link = LauncherLink(
            folder, on_message=self._on_message, on_open=self._on_open, idle_s=idle_s
        )

    async def open(self) -> None:
        await self.link.open()

    def start(self, order: StartProcess) -> None:
        self._waiting.append(order)
        if self._threads_idle:
            self._threads_idle -= 1
            # In the next turn, so that all orders of this one go together.
            asyncio.get_running_loop().call_soon(self._prepare_waiting)

    def find(self, order: FindProcess) -> None:
        run = (order.key, order.fence)
        folder = self._sandboxes.path(order.agent_id, order.key, order.fence)
        self._held[run] = _Held(
            _watch(run, order.pid, order.start_ticks, order.boot_id, str(folder))
        )
        self.link.send(self._held[run].question)

    def end_strays(self) -> None:
        self.link.send({"do": "list"})

    def terminate(self, key: TaskKey, fence: int, *, by_order: bool) -> None:
        self._signal((key, fence), signal.SIGTERM, Asked.BY_ORDER if by_order else Asked.TO_STOP)

    def kill(self, key: TaskKey, fence: int) -> None:
        self._signal((key, fence), signal.SIGKILL, None)

    def forget(self, key: TaskKey, fence: int) -> None:
        self._held.pop((key, fence), None)
        self.link.send({"do": "forget", "launches": [_name((key, fence))]})

    async def close(self, *, end: bool) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._waiting.clear()
        if self._preparing:
            await asyncio.wait(self._preparing)
        self._pool.shutdown()
        await self.link.close({"do": "end" if end else "leave"})

    def _signal(self, run: Run, number: signal.Signals, mark: Asked | None) -> None:
        held = self._held.get(run)
        if held is None or held.is_over:
            return
        held.asked = {"do": "signal", "launch": _name(run), "number": number, "mark": mark or ""}
        self.link.send(held.asked)

    # Starting.

    def _prepare_waiting(self) -> None:
        count = min(PREPARE_AT_ONCE_MAX, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        if not batch:
            self._threads_idle += 1
            return
        preparing = own_task(self._prepare_in_thread(batch))
        self._preparing.add(preparing)
        preparing.add_done_callback(self._preparing.discard)

    async def _prepare_in_thread(self, batch: list[StartProcess]) -> None:
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._pool, self._prepare_all, batch)
        if self._is_closed:
            return
        self._prepare_waiting()
        for order, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, StartFailed):
                self._on_event(outcome)
            else:
                self._held[order.key, order.fence] = _Held(outcome)
                self.link.send(outcome)

    def _prepare_all(self, batch: list[StartProcess]) -> list[Message | StartFailed]:
        """In a thread."""
        outcomes: list[Message | StartFailed] = []
        for order in batch:
            try:
                outcomes.append(self._prepare(order))
            except (CannotStart, OSError, ValueError) as error:
                outcomes.append(_start_failed((order.key, order.fence), str(error)))
        return outcomes

    def _prepare(self, order: StartProcess) -> Message:
        user = user_of(order)
        sandbox = self._sandboxes.create(order.agent_id, order.key, order.fence)
        output = [_make_output(sandbox / name, user) for name in ("stdout", "stderr")]
        if order.group is not None:
            self._share(order, order.group, sandbox, user)
        if user is not None:
            os.chown(sandbox, user.uid, user.gid, follow_symlinks=False)
        program, arguments = program_and_arguments(order.task.command)
        variables = environment(order, sandbox, user)
        length = sum(map(len, (program, *arguments, *variables, *variables.values())))
        if length > _START_BYTES_MAX:
            raise CannotStart(
                f"its command and environment have more than {_START_BYTES_MAX} bytes"
            )
        return {
            "do": "start",
            "launch": _name((order.key, order.fence)),
            "program": program,
            "arguments": arguments,
            "environment": variables,
            "folder": str(sandbox),
            "stdout": output[0],
            "stderr": output[1],
            "user": None if user is None else [user.uid, user.gid, list(user.groups)],
        }

    def _share(
        self, order: StartProcess, group: ExecutorId, sandbox: Path, user: User | None
    ) -> None:
        """The tasks of a group find what they share as `group` in their sandboxes."""
        key = executor_key(order.key.framework_id, group)
        shared = self._sandboxes.share(order.agent_id, key, order.fence)
        os.symlink(shared, sandbox / "group")
        if user is not None:
            os.chown(shared, user.uid, user.gid, follow_symlinks=False)

    # The launcher.

    def _on_open(self, again: bool) -> None:
        """A launcher that knows nothing of us: nothing is started twice, whoever is asked again."""
        if not again:
            return  # What there is to find is about to be asked.
        for held in self._held.values():
            if not held.is_over:
                self.link.send(held.question)
                if held.asked is not None:
                    self.link.send(held.asked)
        self.end_strays()

    def _on_message(self, message: Message) -> None:
        if self._is_closed:
            return
        match message["say"]:
            case "launch":
                self._on_news(message)
            case "list":
                self._end_strays(message)
            case _:
                pass  # Of a launcher that knows more than this agent.

    def _on_news(self, news: Message) -> None:
        run = _run(news["launch"])
        held = self._held.get(run)
        if held is None or held.is_over:
            return
        is_new = not held.is_told and (news["is"] == RUNNING or news["is"] == ENDED)
        if is_new:
            held.is_told = True
            place = (news["pid"], news["start_ticks"], news["boot_id"])
            folder = held.question["folder"]
            held.question = _watch(run, *place, folder)
            asked = Asked(news["mark"]) if news["mark"] else None
            self._on_event(ProcessStarted(*run, news["pid"], news["start_ticks"], asked))
        if news["is"] != RUNNING:
            held.is_over = True
            self._on_event(_end_of(run, news))

    def _end_strays(self, message: Message) -> None:
        done = [name for name in message["done"] if _run(name) not in self._held]
        if done:
            self.link.send({"do": "forget", "launches": done})
        for name in message["live"]:
            run = _run(name)
            if run not in self._held:
                log.warning("stray_task_ended", **run[0]._asdict(), fence=run[1])
                self.link.send({"do": "signal", "launch": name, "number": 9, "mark": ""})


def _end_of(run: Run, news: Message) -> ContainerEvent:
    match news["is"]:
        case "ended":
            return ProcessExited(*run, news["exit_code"], news["signal"])
        case "failed":
            return _start_failed(run, news["why"])
        case "vanished":
            return ProcessVanished(*run, Vanishing(news["why"]))
        case _:
            assert news["is"] == UNKNOWN, news
            return ProcessMissing(*run)


def _start_failed(run: Run, why: str) -> StartFailed:
    return StartFailed(*run, f"Cannot start the task: {why}"[:1000])


def _watch(run: Run, pid: int, start_ticks: int, boot_id: str, folder: str) -> Message:
    return {
        "do": "watch",
        "launch": _name(run),
        "pid": pid,
        "start_ticks": start_ticks,
        "boot_id": boot_id,
        "folder": folder,
    }


def _name(run: Run) -> str:
    key, fence = run
    return json.dumps([key.framework_id, key.task_id, fence])


def _run(name: str) -> Run:
    framework_id, task_id, fence = json.loads(name)
    return TaskKey(FrameworkId(framework_id), TaskId(task_id)), fence


def _make_output(path: Path, user: User | None) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o644)
    try:
        if user is not None:
            os.chown(file, user.uid, user.gid)
    finally:
        os.close(file)
    return str(path)
