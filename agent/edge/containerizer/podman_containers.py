"""The containers of an agent's tasks: each is there for as long as its task is, and no longer.

The launcher runs `podman run` as the task's process. This sees to the rest: that the image is
there before, that a task is told to run when its container does, and that its end is told when its
container is gone.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from agent.edge.containerizer.containerizer import ContainerEvent
from agent.edge.containerizer.podman import ContainerState, Podman, PodmanFailed
from agent.edge.containerizer.podman_outcome import outcome
from agent.edge.containerizer.podman_records import (
    ContainerRecord,
    ContainerRecords,
    complaint_in,
    owner_of,
    remove_left_groups,
)
from agent.edge.containerizer.preparing import Run, run_of
from agent.events import ProcessPaused, ProcessStarted
from trimast.edge.fatal import own_task

log = structlog.get_logger()

RECORDS: Final = "containers"
BEGIN_POLL_S: Final = 0.05
RETRY_MOST_S: Final = 30.0
TRIES_MAX: Final = 6
"""Of what was in a cgroup nothing runs any more; what may be left of it is podman's record."""
GIVEN_UP: Final = "it was killed while its image was being pulled"


@dataclass(slots=True)
class _Box:
    """
    Attributes:
        is_wanted: by this life of the agent.
        is_told: that it runs.
        untold: that it runs, as long as that is not so.
    """

    record: ContainerRecord
    is_wanted: bool = False
    is_told: bool = False
    is_paused: bool = False
    untold: ProcessStarted | None = None
    events: "asyncio.Queue[ContainerEvent]" = field(default_factory=asyncio.Queue)
    follower: "asyncio.Task[None] | None" = None


class Containers:
    """
    Args:
        folder: of the launcher.
        end_launch: has the launcher kill what it started for a run.
    """

    def __init__(
        self,
        podman: Podman,
        folder: Path,
        on_event: Callable[[ContainerEvent], None],
        *,
        end_launch: Callable[[Run], None],
        start_timeout_s: float = 60.0,
        retry_first_s: float = 0.25,
    ) -> None:
        self._podman = podman
        self._records = ContainerRecords(folder / RECORDS)
        self._owner = owner_of(folder)
        self._on_event = on_event
        self._end_launch = end_launch
        self._start_timeout_s = start_timeout_s
        self._retry_first_s = retry_first_s
        self._boxes: dict[Run, _Box] = {}
        self._pulls: dict[Run, asyncio.Task[str]] = {}
        self._owned: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Raises OSError."""
        for record in self._records.all():
            self._boxes[run_of(record.launch)] = _Box(record)

    def holds(self, run: Run) -> bool:
        """It has a container, or had one when that was last looked at."""
        return run in self._boxes

    def want(self, run: Run) -> None:
        """It is one of an earlier life."""
        if run in self._boxes:
            self._boxes[run].is_wanted = True

    def provide(
        self,
        run: Run,
        image: str,
        record: ContainerRecord,
        *,
        always: bool,
        on_provided: Callable[[str], None],
    ) -> None:
        """Whatever its container needs first; then it may be started.

        Args:
            on_provided: is told why not, or "".
        """
        pull = asyncio.get_running_loop().create_task(self._provide(image, always))
        self._pulls[run] = pull
        self._own(self._wait_for(run, pull, record, on_provided))

    def cancel(self, run: Run) -> bool:
        """False if it is not on its way to begin."""
        pull = self._pulls.get(run)
        if pull is not None:
            return pull.cancel()
        box = self._boxes.get(run)
        if box is None or box.is_told:
            return False
        self._end_launch(run)
        return True

    def tell(self, run: Run, event: ContainerEvent, before: ProcessStarted | None = None) -> None:
        """The launcher says it of `podman run`; what it means for the task is told later.

        Args:
            before: that it ran, if that has never been told.
        """
        box = self._boxes[run]
        if before is not None and not box.is_told:
            box.untold = before
        box.events.put_nowait(event)
        if box.follower is None:
            box.follower = self._own(self._follow(run, box))

    def terminate(self, run: Run) -> None:
        """Where the word does not reach `podman run`, which would pass it on."""
        box = self._boxes.get(run)
        if box is None:
            return
        if box.is_paused and self.pauses(run):
            self.pause(run, paused=False)
        if box.record.is_split:
            self._own(self._say(run, self._podman.signal(box.record.name, "TERM")))

    def pauses(self, run: Run) -> bool:
        """It is podman's to pause: no cgroup of the launcher's covers it."""
        box = self._boxes.get(run)
        return box is not None and not box.record.group and not box.record.is_split

    def pause(self, run: Run, *, paused: bool) -> None:
        self._own(self._pause(run, paused))

    def end_strays(self) -> None:
        """Of what nobody has asked for."""
        strays = [(run, box) for run, box in self._boxes.items() if not box.is_wanted]
        for run, _ in strays:
            del self._boxes[run]
        self._own(self._sweep([box for _, box in strays]))

    def forget(self, run: Run) -> None:
        box = self._boxes.pop(run, None)
        if box is not None:
            self._records.drop(box.record.name)

    async def close(self, *, end: bool) -> None:
        """
        Args:
            end: whatever is left.
        """
        for task in (*self._pulls.values(), *self._owned):
            task.cancel()
        if self._owned:
            await asyncio.wait(self._owned)
        if end:
            await asyncio.gather(*(self._drop(box.record) for box in self._boxes.values()))

    # Beginning.

    async def _provide(self, image: str, always: bool) -> str:
        try:
            await self._podman.check()
            await self._podman.provide(image, always=always)
        except PodmanFailed as error:
            return str(error)
        return ""

    async def _wait_for(
        self,
        run: Run,
        pull: "asyncio.Task[str]",
        record: ContainerRecord,
        on_provided: Callable[[str], None],
    ) -> None:
        await asyncio.wait([pull])
        del self._pulls[run]
        why_not = GIVEN_UP if pull.cancelled() else pull.result()
        if not why_not:
            try:
                self._records.add(record)
            except OSError as error:
                why_not = f"its container cannot be noted: {error}"
        if not why_not:
            self._boxes[run] = _Box(record, is_wanted=True)
        on_provided(why_not)

    async def _until_begun(self, run: Run, box: _Box) -> None:
        """Its container runs, or there will be none."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self._start_timeout_s
        while not self._records.has_begun(box.record.name) and box.events.empty():
            if loop.time() > end_s:
                log.error("container_not_started", name=box.record.name)
                self._end_launch(run)
                return
            await asyncio.sleep(BEGIN_POLL_S)

    # Ending.

    async def _follow(self, run: Run, box: _Box) -> None:
        while True:
            event = await box.events.get()
            if isinstance(event, ProcessStarted):
                box.untold = event
                await self._until_begun(run, box)
                if self._records.has_begun(box.record.name):
                    box.is_told, box.untold = True, None
                    self._on_event(event)
            elif isinstance(event, ProcessPaused):
                box.is_paused = event.paused
                self._on_event(event)
            else:
                await self._end(box, event)
                return

    async def _end(self, box: _Box, event: ContainerEvent) -> None:
        name = box.record.name
        state = await self._inspect(name)
        has_begun = self._records.has_begun(name) if state is None else state.has_run
        complaint = complaint_in(box.record.stderr)
        is_held = bool(box.record.group) or box.record.is_split
        await self._remove(box.record, TRIES_MAX if is_held else None)
        for told in outcome(
            event,
            state,
            untold=box.untold,
            has_begun=has_begun,
            mem_bytes=box.record.mem_bytes,
            complaint=complaint,
        ):
            self._on_event(told)

    async def _inspect(self, name: str) -> ContainerState | None:
        try:
            return await self._podman.inspect(name)
        except PodmanFailed as error:
            log.warning("container_not_inspected", name=name, why=str(error))
            return None

    async def _remove(self, record: ContainerRecord, tries_max: int | None = None) -> bool:
        """Until it is gone, which is True; or that often."""
        tries, wait_s = 0, self._retry_first_s
        while True:
            tries += 1
            try:
                await self._podman.remove(record.name)
                break
            except PodmanFailed as error:
                if tries > 1:  # The first may come while podman itself still tidies up.
                    why = str(error)
                    log.error("container_not_removed", name=record.name, tries=tries, why=why)
            if tries == tries_max:
                return False
            await asyncio.sleep(wait_s)
            wait_s = min(RETRY_MOST_S, 2 * wait_s)
        if record.group:
            await asyncio.to_thread(remove_left_groups, record.group)
        return True

    async def _drop(self, record: ContainerRecord) -> None:
        """If that cannot be, the next life of the agent tries again."""
        if await self._remove(record, TRIES_MAX):
            self._records.drop(record.name)

    async def _sweep(self, strays: list[_Box]) -> None:
        for box in strays:
            log.warning("stray_container_ended", name=box.record.name)
            await self._drop(box.record)
        try:
            self._podman.program()
        except PodmanFailed:
            return  # Most agents run no containers.
        try:
            left = await self._podman.containers_of(self._owner)
            names = {box.record.name for box in self._boxes.values()}
            for name in left.keys() - names:
                log.warning("stray_container_ended", name=name)
                await self._podman.remove(name)
        except PodmanFailed as error:
            log.warning("strays_not_found", why=str(error))

    # Being held where it is.

    async def _pause(self, run: Run, paused: bool) -> None:
        box = self._boxes[run]
        try:
            await self._podman.pause(box.record.name, paused=paused)
        except PodmanFailed as error:
            log.warning("container_not_paused", name=box.record.name, why=str(error))
            return
        if box.is_paused is not paused:
            self.tell(run, ProcessPaused(*run, paused))

    async def _say(self, run: Run, saying: Coroutine[Any, Any, None]) -> None:
        try:
            await saying
        except PodmanFailed as error:
            log.warning("container_not_signalled", name=self._name(run), why=str(error))

    def _name(self, run: Run) -> str:
        box = self._boxes.get(run)
        return box.record.name if box is not None else ""

    def _own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = own_task(work)
        self._owned.add(task)
        task.add_done_callback(self._owned.discard)
        return task
