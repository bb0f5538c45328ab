"""Runs each task as a process of the launcher, in a sandbox and a cgroup of its own.

Where there are no cgroups, in a process group: then nothing holds it to its share of the machine.
"""

import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from agent.edge.containerizer.beside import Besides
from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.fetching import Fetching
from agent.edge.containerizer.isolating import NOT_ISOLATING, Isolating, group_name
from agent.edge.containerizer.launch_news import end_of, start_failed, started
from agent.edge.containerizer.launcher_link import IDLE_S, LauncherLink, LauncherUnusable
from agent.edge.containerizer.podman import Podman
from agent.edge.containerizer.podman_containers import RECORDS, Containers
from agent.edge.containerizer.podman_preparing import CONTAINER, IntoContainer
from agent.edge.containerizer.podman_records import ContainerRecords
from agent.edge.containerizer.podman_rules import NO_PODMAN, PodmanRules
from agent.edge.containerizer.preparing import Preparing, Run, launch_name, run_of
from agent.edge.containerizer.preparing_threads import PreparingThreads
from agent.edge.containerizer.usage import TaskUsage, UsageQuestion
from agent.edge.fetcher.fetcher import Fetcher
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.edge.sandbox.volumes import Volumes
from agent.effects import BoundProcess, FindProcess, StartProcess
from agent.events import (
    Asked,
    ProcessPaused,
    ProcessStarted,
    StartFailed,
)
from agent.isolation.bounds import bounds_of
from agent.isolation.modes import Isolation
from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.launch import ENDED, RUNNING
from agent.launcher.wire import Message
from agent.tasks import TaskKey

log = structlog.get_logger()


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
        volumes: without them, a task that wants one fails.
        podman: without it, a task with an image fails.

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
        volumes: Volumes | None = None,
        podman: PodmanRules = NO_PODMAN,
    ) -> None:
        self._isolating = isolating
        self._sandboxes = sandboxes
        runs_images = Podman(podman)
        into_container = IntoContainer(
            runs_images,
            podman,
            ContainerRecords(folder / RECORDS),
            folder,
            kind=lambda: self.link.isolation if self._holds() else PROCESS,
            root=isolating.root_for(folder),
            new_privileges=isolating.new_privileges,
        )
        self._containers = Containers(
            runs_images,
            folder,
            on_event,
            end_launch=lambda run: self.kill(*run),
            start_timeout_s=podman.start_timeout_ms / 1000,
        )
        to_prepare = Preparing(sandboxes, isolating, self._holds, into_container, volumes)
        self._preparing = PreparingThreads(to_prepare, self._on_prepared)
        self._on_event = on_event
        self._held: dict[Run, _Held] = {}
        self._unwanted: set[Run] = set()
        self._fetching = Fetching(fetcher, sandboxes, self._on_fetched)
        self._is_closed = False
        self._usage = UsageQuestion(run_of)
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
        self._containers.open()
        await self.link.open()
        if self._isolating.mode is Isolation.CGROUP and self.link.isolation == PROCESS:
            # Not to stay for the next attempt, if it has nothing else to stay for.
            await self.link.close({"do": "leave"})
            raise LauncherUnusable(
                f"isolation is to be by cgroup, and cannot be: {self.link.isolation_why};"
                " --isolation auto does without where there is none"
            )

    def start(self, order: StartProcess) -> None:
        self._preparing.add(order)

    def cancel_start(self, key: TaskKey, fence: int) -> None:
        run = (key, fence)
        if self._containers.cancel(run) or self._fetching.cancel(run):
            return
        if run not in self._held:
            self._unwanted.add(run)

    def find(self, order: FindProcess) -> None:
        run = (order.key, order.fence)
        folder = self._sandboxes.path(order.agent_id, order.key, order.fence)
        self._held[run] = _Held(
            _watch(run, order.pid, order.start_ticks, order.boot_id, str(folder))
        )
        self._containers.want(run)
        self.link.send(self._held[run].question)

    def end_strays(self) -> None:
        self.link.send({"do": "list"})
        self._containers.end_strays()

    def terminate(self, key: TaskKey, fence: int, *, by_order: bool) -> None:
        self._signal((key, fence), signal.SIGTERM, Asked.BY_ORDER if by_order else Asked.TO_STOP)
        self._containers.terminate((key, fence))

    def kill(self, key: TaskKey, fence: int) -> None:
        self._signal((key, fence), signal.SIGKILL, None)

    def pause(self, key: TaskKey, fence: int, *, paused: bool) -> None:
        held = self._held.get((key, fence))
        if held is None or held.is_over:
            return
        if self._containers.pauses((key, fence)):
            self._containers.pause((key, fence), paused=paused)
        else:
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
        self._containers.forget((key, fence))
        self.link.send({"do": "forget", "launches": [launch_name((key, fence))]})

    def in_container(self, key: TaskKey, fence: int) -> bool:
        return self._containers.holds((key, fence))

    async def usage(self) -> dict[Run, TaskUsage]:
        """Of the tasks that run in a cgroup. Empty if the launcher does not say it in time."""
        return await self._usage.ask(lambda: self.link.send({"do": "usage"}))

    async def close(self, *, end: bool) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self.besides.lost()
        await self._fetching.close()
        await self._preparing.close()
        await self.link.close({"do": "end" if end else "leave"})
        await self._containers.close(end=end)

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

    def _on_prepared(self, order: StartProcess, outcome: Message | StartFailed) -> None:
        run = (order.key, order.fence)
        if isinstance(outcome, StartFailed):
            self._on_event(outcome)
        elif run in self._unwanted:
            self._on_event(start_failed(run, "it was killed before it was started"))
        elif order.task.command.uris:
            self._fetching.begin(order, outcome)
        else:
            self._order_start(run, outcome)
        self._unwanted.discard(run)

    def _on_fetched(self, run: Run, message: Message, why_not: str) -> None:
        if self._is_closed:
            return
        if why_not:
            self._on_event(start_failed(run, why_not))
        else:
            self._order_start(run, message)

    def _order_start(self, run: Run, message: Message) -> None:
        wanted = message.pop(CONTAINER, None)
        if wanted is None:
            self._send_start(run, message)
            return

        def on_provided(why_not: str) -> None:
            if self._is_closed:
                return
            if why_not:
                self._on_event(start_failed(run, why_not))
            else:
                self._send_start(run, message)

        self._containers.provide(run, **wanted, on_provided=on_provided)

    def _send_start(self, run: Run, message: Message) -> None:
        self._held[run] = _Held(message)
        self.link.send(message)

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
        run = run_of(news["launch"])
        held = self._held.get(run)
        if held is None or held.is_over:
            return
        is_new = not held.is_told and (news["is"] == RUNNING or news["is"] == ENDED)
        if is_new:
            held.is_told = True
            place = (news["pid"], news["start_ticks"], news["boot_id"])
            folder = held.question["folder"]
            held.question = _watch(run, *place, folder)
            self._tell(run, started(run, news))
        if news["is"] == RUNNING and news.get("paused", False) != held.is_paused:
            held.is_paused = news["paused"]
            self._tell(run, ProcessPaused(*run, held.is_paused))
        if news["is"] != RUNNING:
            held.is_over = True
            self._tell_end(run, held, news)

    def _tell_end(self, run: Run, held: _Held, news: Message) -> None:
        end = end_of(run, news)
        if held.is_told or not news["pid"]:
            self._tell(run, end)
            return
        self._tell(run, end, started(run, news))

    def _tell(self, run: Run, event: ContainerEvent, before: ProcessStarted | None = None) -> None:
        """
        Args:
            before: would have been told, if anybody had known how it was to end.
        """
        if self._containers.holds(run):
            self._containers.tell(run, event, before)
        else:
            self._on_event(event)

    def _end_strays(self, message: Message) -> None:
        done = [name for name in message["done"] if run_of(name) not in self._held]
        if done:
            self.link.send({"do": "forget", "launches": done})
        for name in message["live"]:
            run = run_of(name)
            if run not in self._held:
                log.warning("stray_task_ended", **run[0]._asdict(), fence=run[1])
                self.link.send({"do": "signal", "launch": name, "number": 9, "mark": ""})


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
