"""The launcher's connection to the agent. It never waits for the agent."""

import socket
import struct
from typing import Final

from agent.launcher.said import say
from agent.launcher.wire import BadMessage, Message, MessageReader, message_to_bytes

UNSENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""An agent that lets more than this pile up is let go; it asks again when it is back."""
_READ_BYTES: Final = 256 * 1024
_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group, as the kernel has them."""


class Peer:
    """
    Attributes:
        pid: of the agent.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        credentials = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
        self.pid: int = _CREDENTIALS.unpack(credentials)[0]
        self.has_said_hello = False
        self._reader = MessageReader()
        self._unsent = bytearray()

    @property
    def has_more(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> list[Message] | None:
        """None if there will be no more."""
        try:
            data = self.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        try:
            return self._reader.feed(data)
        except BadMessage as error:
            say("message_not_understood", error=str(error))
            return None

    def send(self, message: Message) -> None:
        self._unsent += message_to_bytes(message)

    def flush(self) -> bool:
        """As much as the agent takes now. False if it is gone, or takes nothing for too long."""
        while self._unsent:
            try:
                sent = self.connection.send(self._unsent)
            except BlockingIOError:
                return len(self._unsent) <= UNSENT_BYTES_MAX
            except OSError:
                return False
            del self._unsent[:sent]
        return True

    def close(self) -> None:
        self.connection.close()
