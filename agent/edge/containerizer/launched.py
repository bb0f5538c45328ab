"""Runs each task as a process of the launcher, in a sandbox and a cgroup of its own.

Where there are no cgroups, in a process group: then nothing holds it to its share of the machine.
"""

import asyncio
import json
import signal
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog

from agent.edge.containerizer.beside import Besides
from agent.edge.containerizer.command_line import CannotStart
from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.fetching import Fetching
from agent.edge.containerizer.isolating import NOT_ISOLATING, Isolating, group_name
from agent.edge.containerizer.launcher_link import IDLE_S, LauncherLink, LauncherUnusable
from agent.edge.containerizer.preparing import Preparing, Run, launch_name
from agent.edge.containerizer.usage import TaskUsage, UsageQuestion
from agent.edge.fetcher.fetcher import Fetcher
from agent.edge.sandboxes import Sandboxes
from agent.effects import BoundProcess, FindProcess, StartProcess
from agent.events import (
    Asked,
    MemoryExceeded,
    ProcessExited,
    ProcessMissing,
    ProcessPaused,
    ProcessStarted,
    ProcessVanished,
    StartFailed,
    Vanishing,
)
from agent.isolation.bounds import bounds_of
from agent.isolation.modes import Isolation
from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.launch import ENDED, RUNNING, UNKNOWN
from agent.launcher.wire import Message
from agent.tasks import TaskKey
from trimast.edge.fatal import own_task
from trimast.model.ids import FrameworkId, TaskId

log = structlog.get_logger()

PREPARE_AT_ONCE_MAX: Final = 8
"""How many sandboxes a thread makes before their tasks are ordered."""
_THREADS: Final = 2


@dataclass(slots=True)
class _Held:
    """
    Attributes:
        question: what the launcher is asked, and asked again if it is lost: `start` until the task
            runs, `watch` from then on.
        asked: the last signal, for the same reason.
        bounds: that it was given since it runs, too.
        is_told: that it runs.
        is_over: told how it ended, and kept until that is on disk.
    """

    question: Message
    asked: Message | None = None
    bounds: Message | None = None
    is_told: bool = False
    is_paused: bool = False
    is_over: bool = False


class LaunchedContainerizer:
    """
    Args:
        folder: of the launcher.
        isolating: whether and how tasks are held to their share.
        fetcher: without one, a task with uris fails.

    Attributes:
        link: to the launcher.
        besides: commands beside tasks.
    """

    def __init__(
        self,
        folder: Path,
        sandboxes: Sandboxes,
        on_event: Callable[[ContainerEvent], None],
        *,
        idle_s: float = IDLE_S,
        isolating: Isolating = NOT_ISOLATING,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._isolating = isolating
        self._sandboxes = sandboxes
        self._to_prepare = Preparing(sandboxes, isolating, self._holds)
        self._on_event = on_event
        self._held: dict[Run, _Held] = {}
        self._waiting: deque[StartProcess] = deque()
        self._threads_idle = _THREADS
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="prepare")
        self._preparing: set[asyncio.Task[None]] = set()
        self._unwanted: set[Run] = set()
        self._fetching = Fetching(fetcher, sandboxes, self._on_fetched)
        self._is_closed = False
        self._usage = UsageQuestion(_run)
        self.link = LauncherLink(
            folder,
            on_message=self._on_message,
            on_open=self._on_open,
            idle_s=idle_s,
            cgroups_root=isolating.root_for(folder),
        )
        self.besides = Besides(self.link.send, lambda: "beside" in self.link.can)

    def _holds(self) -> bool:
        return self.link.isolation != PROCESS and self._isolating.mode is not Isolation.PROCESS

    @property
    def why_not_isolated(self) -> str:
        """ "" if tasks are held to their share."""
        if self._isolating.mode is Isolation.PROCESS:
            return "it is not wanted: --isolation process"
        return self.link.isolation_why if self.link.isolation == PROCESS else ""

    def isolation(self) -> dict[str, str]:
        """For people: how tasks are held, and if they are not, why."""
        why = self.why_not_isolated
        return {"kind": PROCESS, "why": why} if why else {"kind": self.link.isolation}

    async def open(self) -> None:
        await self.link.open()
        if self._isolating.mode is Isolation.CGROUP and self.link.isolation == PROCESS:
            # Not to stay for the next attempt, if it has nothing else to stay for.
            await self.link.close({"do": "leave"})
            raise LauncherUnusable(
                f"isolation is to be by cgroup, and cannot be: {self.link.isolation_why};"
                " --isolation auto does without where there is none"
            )

    def start(self, order: StartProcess) -> None:
        self._waiting.append(order)
        if self._threads_idle:
            self._threads_idle -= 1
            # In the next turn, so that all orders of this one go together.
            asyncio.get_running_loop().call_soon(self._prepare_waiting)

    def cancel_start(self, key: TaskKey, fence: int) -> None:
        if (key, fence) not in self._held and not self._fetching.cancel((key, fence)):
            self._unwanted.add((key, fence))

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

    def pause(self, key: TaskKey, fence: int, *, paused: bool) -> None:
        held = self._held.get((key, fence))
        if held is not None and not held.is_over:
            self.link.send({"do": "pause", "launch": launch_name((key, fence)), "paused": paused})

    def bound(self, order: BoundProcess) -> None:
        held = self._held.get((order.key, order.fence))
        if held is None or held.is_over or not self._holds() or "bound" not in self.link.can:
            return
        bounds = bounds_of(order.resources, order.limits, self._isolating.rules)
        launch = launch_name((order.key, order.fence))
        held.bounds = {"do": "bound", "launch": launch, "bounds": asdict(bounds)}
        self.link.send(held.bounds)

    def forget(self, key: TaskKey, fence: int) -> None:
        self._held.pop((key, fence), None)
        self.link.send({"do": "forget", "launches": [launch_name((key, fence))]})

    async def usage(self) -> dict[Run, TaskUsage]:
        """Of the tasks that run in a cgroup. Empty if the launcher does not say it in time."""
        return await self._usage.ask(lambda: self.link.send({"do": "usage"}))

    async def close(self, *, end: bool) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self.besides.lost()
        self._waiting.clear()
        await self._fetching.close()
        if self._preparing:
            await asyncio.wait(self._preparing)
        self._pool.shutdown()
        await self.link.close({"do": "end" if end else "leave"})

    def _signal(self, run: Run, number: signal.Signals, mark: Asked | None) -> None:
        held = self._held.get(run)
        if held is None or held.is_over:
            return
        held.asked = {
            "do": "signal",
            "launch": launch_name(run),
            "number": number,
            "mark": mark or "",
        }
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
            run = (order.key, order.fence)
            if isinstance(outcome, StartFailed):
                self._on_event(outcome)
            elif run in self._unwanted:
                self._on_event(_start_failed(run, "it was killed before it was started"))
            elif order.task.command.uris:
                self._fetching.begin(order, outcome)
            else:
                self._order_start(run, outcome)
            self._unwanted.discard(run)

    def _on_fetched(self, run: Run, message: Message, why_not: str) -> None:
        if self._is_closed:
            return
        if why_not:
            self._on_event(_start_failed(run, why_not))
        else:
            self._order_start(run, message)

    def _order_start(self, run: Run, message: Message) -> None:
        self._held[run] = _Held(message)
        self.link.send(message)

    def _prepare_all(self, batch: list[StartProcess]) -> list[Message | StartFailed]:
        """In a thread."""
        outcomes: list[Message | StartFailed] = []
        for order in batch:
            try:
                outcomes.append(self._to_prepare.prepare(order))
            except (CannotStart, OSError, ValueError) as error:
                outcomes.append(_start_failed((order.key, order.fence), str(error)))
        return outcomes

    # The launcher.

    def _on_open(self, again: bool) -> None:
        """A launcher that knows nothing of us: nothing is started twice, whoever is asked again."""
        if not again:
            return  # What there is to find is about to be asked.
        self.besides.lost()
        for held in self._held.values():
            if not held.is_over:
                self.link.send(held.question)
                for message in filter(None, (held.bounds, held.asked)):
                    self.link.send(message)
        self.end_strays()

    def _on_message(self, message: Message) -> None:
        if self._is_closed:
            return
        match message["say"]:
            case "launch":
                self._on_news(message)
            case "list":
                self._end_strays(message)
            case "usage":
                self._usage.told(message)
            case "beside":
                self.besides.told(message)
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
        if news["is"] == RUNNING and news.get("paused", False) != held.is_paused:
            held.is_paused = news["paused"]
            self._on_event(ProcessPaused(*run, held.is_paused))
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
            return ProcessExited(*run, news["exit_code"], news["signal"], _exceeded(news))
        case "failed":
            return _start_failed(run, news["why"])
        case "vanished":
            return ProcessVanished(*run, Vanishing(news["why"]))
        case _:
            assert news["is"] == UNKNOWN, news
            return ProcessMissing(*run)


def _exceeded(news: Message) -> MemoryExceeded | None:
    figures = news.get("memory")  # Not of an earlier version.
    return MemoryExceeded(*figures) if figures else None


def _start_failed(run: Run, why: str) -> StartFailed:
    return StartFailed(*run, f"Cannot start the task: {why}"[:1000])


def _watch(run: Run, pid: int, start_ticks: int, boot_id: str, folder: str) -> Message:
    return {
        "do": "watch",
        "launch": launch_name(run),
        "group": group_name(launch_name(run)),
        "pid": pid,
        "start_ticks": start_ticks,
        "boot_id": boot_id,
        "folder": folder,
    }


def _run(name: str) -> Run:
    framework_id, task_id, fence = json.loads(name)
    return TaskKey(FrameworkId(framework_id), TaskId(task_id)), fence
