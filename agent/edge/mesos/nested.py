"""Containers within those of tasks: commands beside them, as Mesos calls them.

They live as long as the task, this agent and its launcher do, at the longest; one that was launched
as a session ends with the connection, too.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from agent.edge.containerizer.beside import BesideOrder, BesideProcess, Besides
from agent.edge.containerizer.pipes import Pipes, read_some
from trimast.edge.fatal import own_task

log = structlog.get_logger()

RUNNING_MAX: Final = 64
ENDED_MAX: Final = 256
"""So many are remembered, for those who ask how they ended."""
PIECE_BYTES: Final = 32 * 1024
PIECES_WAITING_MAX: Final = 16
LAST_WORDS_S: Final = 5.0
"""How long what a command has written is still read once it has ended."""

Name = tuple[str, str]
"""Of the container it is in, and its own."""
Piece = tuple[str, bytes]
"""What was written, and where: "stdout" or "stderr"."""


class TooMany(Exception):
    """No more run at once."""


@dataclass(eq=False, slots=True)
class Nested:
    """
    Attributes:
        ended: as wait(2) has it.
        listeners: each is given every piece from when it came; None at the end.
    """

    name: Name
    process: BesideProcess
    has_terminal: bool
    ended: asyncio.Future[int]
    listeners: set[asyncio.Queue[Piece | None]] = field(default_factory=set)
    is_attended: bool = False

    @property
    def pipes(self) -> Pipes:
        assert self.process.pipes is not None
        return self.process.pipes

    def listen(self) -> "Listening":
        return Listening(self)


class Listening:
    """What a container writes from this moment on. Who does not read on holds it up: `close`."""

    def __init__(self, nested: Nested) -> None:
        self._nested = nested
        self._waiting: asyncio.Queue[Piece | None] = asyncio.Queue(PIECES_WAITING_MAX)
        if nested.ended.done():
            self._waiting.put_nowait(None)
        else:
            nested.listeners.add(self._waiting)

    async def next(self) -> Piece | None:
        """None at the end."""
        return await self._waiting.get()

    def close(self) -> None:
        self._nested.listeners.discard(self._waiting)
        with suppress(asyncio.QueueEmpty):
            while True:  # Whoever waits for room in it goes on.
                self._waiting.get_nowait()


class NestedContainers:
    """
    Args:
        count: is told of each whether it ran, in a word.
    """

    def __init__(self, besides: Besides, count: Callable[[str], None]) -> None:
        self._besides = besides
        self._count = count
        self._starting: set[Name] = set()
        self._held: dict[Name, Nested] = {}

    def find(self, name: Name) -> Nested | None:
        return self._held.get(name)

    def within(self, parent: str) -> list[Nested]:
        """Those that run in a container."""
        return [n for n in self._held.values() if n.name[0] == parent and not n.ended.done()]

    def is_taken(self, name: Name) -> bool:
        return name in self._held or name in self._starting

    async def launch(self, name: Name, order: BesideOrder) -> Nested:
        """It stands; nothing of what it writes is read before `attend`.

        Raises TooMany, BesideFailed.
        """
        assert not self.is_taken(name)
        running = sum(not nested.ended.done() for nested in self._held.values())
        if running + len(self._starting) >= RUNNING_MAX:
            raise TooMany(f"{RUNNING_MAX} nested containers run already")
        self._starting.add(name)
        outcome = "not_run"
        try:
            process = await self._besides.start(order)
            outcome = "ran"
        finally:
            self._starting.discard(name)
            self._count(outcome)
        ended = asyncio.get_running_loop().create_future()
        nested = Nested(name, process, order.has_terminal, ended)
        self._held[name] = nested
        log.info("nested_container_launched", parent=name[0], name=name[1], pid=process.pid)
        return nested

    def attend(self, nested: Nested) -> None:
        """From now on what it writes is passed on, or dropped if nobody listens."""
        if not nested.is_attended:
            nested.is_attended = True
            own_task(self._attend(nested))

    def kill(self, nested: Nested, number: int) -> None:
        if not nested.ended.done():
            self._besides.kill(nested.process, number)

    def remove(self, nested: Nested) -> None:
        """One that has ended is forgotten."""
        assert nested.ended.done()
        self._held.pop(nested.name, None)

    async def _attend(self, nested: Nested) -> None:
        pipes, process = nested.pipes, nested.process
        pumps = [
            own_task(_pump(nested, source, name))
            for source, name in ((pipes.stdout, "stdout"), (pipes.stderr, "stderr"))
        ]
        await asyncio.wait([process.ended])
        # Something of it that lives in a session of its own may hold them open.
        await asyncio.wait(pumps, timeout=LAST_WORDS_S)
        await self._besides.end(process)
        await asyncio.wait(pumps)
        code = process.ended.result()
        nested.ended.set_result(-code if code < 0 else code << 8)
        for waiting in list(nested.listeners):
            await waiting.put(None)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        ended = [nested for nested in self._held.values() if nested.ended.done()]
        for nested in ended[: max(0, len(ended) - ENDED_MAX)]:
            self.remove(nested)


async def _pump(nested: Nested, source: asyncio.StreamReader, name: str) -> None:
    while data := await read_some(source, PIECE_BYTES):
        for waiting in list(nested.listeners):
            if waiting in nested.listeners:  # It may have left while another made us wait.
                await waiting.put((name, data))
