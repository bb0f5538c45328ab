"""Commands beside tasks, which the launcher runs; the agent holds the other ends of their pipes."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.edge.containerizer.pipes import Pipes, open_pipes, open_terminal
from agent.launcher.wire import Message

END_TIMEOUT_S: Final = 5.0
KILLED: Final = -9


class BesideFailed(Exception):
    """
    Attributes:
        errno: 0 if it is not the kernel's word.
        is_program: it is the program that cannot be run; else nothing can.
    """

    def __init__(self, why: str, errno: int = 0, *, is_program: bool = False) -> None:
        super().__init__(why)
        self.errno = errno
        self.is_program = is_program


@dataclass(frozen=True, slots=True)
class BesideOrder:
    """
    Attributes:
        launch: the task's, as the launcher calls it.
        environment: None for the task's.
        user: number, group and other groups; None for the task's.
        has_pipes: else it reads nothing, and what it writes is dropped.
        has_terminal: in place of pipes; it controls the command.
        terminal_size: rows and columns.
    """

    launch: str
    program: str
    arguments: list[str]
    folder: Path
    environment: dict[str, str] | None = None
    user: tuple[int, int, tuple[int, ...]] | None = None
    has_pipes: bool = False
    has_terminal: bool = False
    terminal_size: tuple[int, int] | None = None


@dataclass(slots=True)
class BesideProcess:
    """
    Attributes:
        pid: 0 until it runs.
        ended: its exit code; the number of the signal that ended it, negative.
    """

    number: int
    started: asyncio.Future[None]
    ended: asyncio.Future[int]
    pid: int = 0
    pipes: Pipes | None = None
    theirs: list[int] = field(default_factory=list)

    def let_go(self) -> None:
        """What we hold open of the command's ends of its pipes."""
        while self.theirs:
            os.close(self.theirs.pop())


class Besides:
    """
    Args:
        send: to the launcher; nothing happens while there is none.
        can: the launcher is one that runs such commands.
    """

    def __init__(self, send: Callable[[Message], None], can: Callable[[], bool]) -> None:
        self._send = send
        self._can = can
        self._number = 0
        self._running: dict[int, BesideProcess] = {}

    @property
    def is_possible(self) -> bool:
        return self._can()

    async def start(self, order: BesideOrder) -> BesideProcess:
        """Raises BesideFailed. Who has started one ends it: see `end`."""
        if not self.is_possible:
            raise BesideFailed("the launcher of the task is of a version that runs none")
        self._number += 1
        loop = asyncio.get_running_loop()
        process = BesideProcess(self._number, loop.create_future(), loop.create_future())
        self._running[process.number] = process
        try:
            process.pipes = await _files(order, process.theirs)
            self._send(_message(process, order))
            await process.started
        except BaseException:
            await self.end(process)
            raise
        finally:
            process.let_go()
        return process

    async def end(self, process: BesideProcess) -> None:
        """Nothing of its process group is left then."""
        if not process.ended.done():
            self._send({"do": "end_beside", "number": process.number})
            await asyncio.wait([process.ended], timeout=END_TIMEOUT_S)
        self._running.pop(process.number, None)
        if process.pipes is not None:
            process.pipes.close()

    def kill(self, process: BesideProcess, number: int = signal.SIGKILL) -> None:
        """All of it. A launcher of an earlier version knows no other signal, and kills."""
        self._send({"do": "end_beside", "number": process.number, "signal": int(number)})

    def told(self, news: Message) -> None:
        process = self._running.get(news["number"])
        if process is None or process.ended.done():
            return
        match news["is"]:
            case "running":
                process.pid = news["pid"]
                if not process.started.done():
                    process.started.set_result(None)
            case "failed":
                is_program = news["at"] == "program"
                _fail(process, BesideFailed(news["why"], news["errno"], is_program=is_program))
            case _:
                process.ended.set_result(news["code"])

    def lost(self) -> None:
        """The launcher has ended, and they with it."""
        for process in list(self._running.values()):
            if not process.ended.done():
                _fail(process, BesideFailed("the launcher of the task has ended"))


def _fail(process: BesideProcess, failure: BesideFailed) -> None:
    if not process.started.done():
        process.started.set_exception(failure)
    process.ended.set_result(KILLED)


def _message(process: BesideProcess, order: BesideOrder) -> Message:
    return {
        "do": "beside",
        "number": process.number,
        "launch": order.launch,
        "program": order.program,
        "arguments": order.arguments,
        "environment": order.environment,
        "folder": str(order.folder),
        "user": order.user,
        "files": process.theirs or [None, None, None],
    }


async def _files(order: BesideOrder, theirs: list[int]) -> Pipes | None:
    """Raises BesideFailed."""
    try:
        if order.has_terminal:
            return await open_terminal(theirs, order.terminal_size)
        return await open_pipes(theirs) if order.has_pipes else None
    except OSError as error:
        raise BesideFailed(str(error), error.errno or 0) from error
