"""The agent's connection to its launcher: found or started at first, and again when it is lost."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

import agent
from agent.launcher.cgroups.contract import PROCESS
from agent.launcher.wire import (
    SOCKET_NAME,
    VERSION,
    BadMessage,
    Message,
    MessageReader,
    message_to_bytes,
)
from trimast.edge.fatal import own_task

log = structlog.get_logger()

LOG_NAME: Final = "log"
LOG_BYTES_MAX: Final = 1024 * 1024
IDLE_S: Final = 60.0
"""A launcher without an agent and without a living task ends after this."""
ATTEMPTS: Final = 5
ANSWER_TIMEOUT_S: Final = 10.0
RETRY_MOST_S: Final = 5.0
HASTY_S: Final = 0.5
_READ_BYTES: Final = 256 * 1024


class LauncherUnusable(Exception):
    """There is none to talk to, and none could be started; says why."""


class LauncherLink:
    """
    Args:
        folder: of the launcher; shared by all lives of one agent.
        on_message: is told what the launcher says.
        cgroups_root: below this its tasks have their groups; "" if they are to have none.
        on_open: a launcher is there, and knows nothing yet of what this agent wants. Its argument:
            it is not the first in this life of the agent.

    Attributes:
        pid: of the launcher; 0 while there is none.
        starts: how many launchers this life of the agent has started.
        isolation: how it holds tasks: one of the kinds of `cgroups/contract.py`.
        isolation_why: it is no better.
        can: what not every version of it can; an old launcher outlives an upgrade of the agent.
    """

    def __init__(
        self,
        folder: Path,
        *,
        on_message: Callable[[Message], None],
        on_open: Callable[[bool], None],
        idle_s: float = IDLE_S,
        cgroups_root: str = "",
    ) -> None:
        self.isolation = PROCESS
        self.isolation_why = ""
        self.can: frozenset[str] = frozenset()
        self._cgroups_root = cgroups_root
        self.pid = 0
        self.starts = 0
        self._folder = folder
        self._on_message = on_message
        self._on_open = on_open
        self._idle_s = idle_s
        self._writer: asyncio.StreamWriter | None = None
        self._running: asyncio.Task[None] | None = None
        self._child = 0

    async def open(self) -> None:
        """Raises LauncherUnusable."""
        reader, messages = await self._connect()
        self._on_open(False)
        self._running = own_task(self._run(reader, messages))

    def send(self, message: Message) -> None:
        """Nothing happens while there is no launcher: the next is told all that matters."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(message_to_bytes(message))

    async def close(self, last: Message) -> None:
        """Say `last`, and wait until the launcher has ended, if that is what comes of it."""
        running, self._running = self._running, None
        if running is None:
            return
        self.send(last)
        if last["do"] == "end" and self._writer is not None:
            await asyncio.wait([running], timeout=ANSWER_TIMEOUT_S)
        running.cancel()
        await asyncio.wait([running])
        self._hang_up()
        await asyncio.to_thread(self._reap)

    def _hang_up(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    async def _run(self, reader: asyncio.StreamReader, messages: MessageReader) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begin_s = loop.time()
            why = await self._listen(reader, messages)
            self.pid = 0
            self._hang_up()
            if self._running is None:
                return  # It was told to end.
            log.warning("launcher_lost", why=why)
            # One that dies of what it is told would die again and again.
            is_hasty = loop.time() - begin_s < HASTY_S
            reader, messages = await self._connect_again(HASTY_S if is_hasty else 0.0)
            log.warning("launcher_back", pid=self.pid)
            self._on_open(True)

    async def _listen(self, reader: asyncio.StreamReader, messages: MessageReader) -> str:
        """Returns why there will be no more."""
        try:
            while data := await reader.read(_READ_BYTES):
                for message in messages.feed(data):
                    self._on_message(message)
        except (OSError, BadMessage) as error:
            return str(error)
        return "it has ended"

    async def _connect_again(self, wait_s: float) -> tuple[asyncio.StreamReader, MessageReader]:
        while True:
            await asyncio.sleep(wait_s)
            try:
                return await self._connect()
            except LauncherUnusable as error:
                log.error("launcher_unusable", why=str(error))
                wait_s = min(RETRY_MOST_S, 2 * wait_s + 0.1)

    async def _connect(self) -> tuple[asyncio.StreamReader, MessageReader]:
        """Start one if there is none. Raises LauncherUnusable."""
        why = ""
        for _ in range(ATTEMPTS):
            try:
                return await self._dial()
            except (OSError, BadMessage, TimeoutError) as error:
                why = str(error) or type(error).__name__
            try:
                await asyncio.to_thread(self._start)
            except OSError as error:
                why = str(error)
        log_path = self._folder / LOG_NAME
        raise LauncherUnusable(f"no launcher can be reached: {why}; its log is {log_path}")

    async def _dial(self) -> tuple[asyncio.StreamReader, MessageReader]:
        # The name of a socket may be 107 bytes long, and that of a folder 4095.
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            path = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
            reader, writer = await asyncio.open_unix_connection(path)
        finally:
            os.close(folder)
        try:
            writer.write(message_to_bytes({"do": "hello", "version": VERSION}))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                messages = MessageReader()
                first: list[Message] = []
                while not first:
                    data = await reader.read(_READ_BYTES)
                    if not data:
                        raise OSError("the launcher ended while it was asked")
                    first = messages.feed(data)
            [hello] = first
            self._greet(hello)
        except BaseException:
            writer.close()
            raise
        self._writer = writer
        return reader, messages

    def _greet(self, hello: Message) -> None:
        if hello["version"] != VERSION:
            raise BadMessage(
                f"the launcher (process {hello['pid']}) speaks version {hello['version']}, and"
                f" this agent {VERSION}: start the version that fits, or end its tasks with"
                " --recover=cleanup there"
            )
        self.pid = hello["pid"]
        # An earlier version says nothing of it.
        self.isolation = hello.get("isolation", PROCESS)
        self.can = frozenset(hello.get("can", ()))
        self.isolation_why = hello.get("isolation_why", "its launcher is of an earlier version")
        for place in hello["damage"]:
            log.error("launcher_record_damaged", kept=place)

    def _start(self) -> None:
        """Returns once it listens, or has ended because another does. Raises OSError."""
        self._reap()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log_file = os.open(self._folder / LOG_NAME, _LOG_FLAGS, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        ready, say_ready = os.pipe2(os.O_CLOEXEC)
        try:
            if os.fstat(log_file).st_size > LOG_BYTES_MAX:
                os.ftruncate(log_file, 0)
            # Without `site`: what it would import is of no use there, and costs memory.
            name = "agent.launcher"
            settings = (str(self._folder), str(self._idle_s), self._cgroups_root)
            self._child = os.posix_spawn(
                sys.executable,
                [sys.executable, "-S", "-P", "-m", name, *settings],
                {"PYTHONPATH": str(Path(agent.__file__).parent.parent)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, nothing, 0),
                    (os.POSIX_SPAWN_DUP2, say_ready, 1),
                    (os.POSIX_SPAWN_DUP2, log_file, 2),
                ],
                setsid=True,
            )
        finally:
            for file in (log_file, nothing, say_ready):
                os.close(file)
        with open(ready, "rb") as answer:
            if answer.read(1):
                self.starts += 1
                log.info("launcher_started", pid=self._child)

    def _reap(self) -> None:
        """So that nothing is left of one that has ended."""
        if self._child:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, os.WNOHANG)


_LOG_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
