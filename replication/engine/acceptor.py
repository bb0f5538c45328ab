"""Takes in connections to the Raft link.

Not by an `asyncio.Server`: in Python 3.11 that loses what it accepts while it is closed.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_PAUSE_S: Final = 0.1


class Acceptor:
    """
    Args:
        new_protocol: called for each connection.
        backlog: how many may wait to be taken in.
    """

    def __init__(self, new_protocol: Callable[[], asyncio.Protocol], *, backlog: int) -> None:
        self._new_protocol = new_protocol
        self._backlog = backlog
        self._listener: socket.socket | None = None
        self._accepting: set[asyncio.Task[object]] = set()

    def start(self, host: str, port: int) -> None:
        """Raises `OSError` if it cannot listen."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=self._backlog)
        self._listener.setblocking(False)
        self._go_on()

    def stop(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def wait_stopped(self) -> None:
        """What was being taken in has ended."""
        await asyncio.gather(*self._accepting, return_exceptions=True)

    def _accept(self) -> None:
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            # Out of descriptors, most likely: those that wait are not lost.
            log.error("raft_accept_failed", error=str(error))
            loop.remove_reader(self._listener)
            loop.call_later(_PAUSE_S, self._go_on)
            return
        connection.setblocking(False)
        task: asyncio.Task[object] = loop.create_task(
            loop.connect_accepted_socket(self._new_protocol, connection)
        )
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    def _go_on(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)
