"""What an agent and its launcher say to each other: JSON, each message after its length.

An agent says `hello` first, and names the version it speaks. A launcher outlives its agent, and
so an upgrade of it: what an old launcher does not know, a new agent must do without.
"""

import json
from typing import Any, Final

VERSION: Final = 1
CAN: Final = ["beside", "bound"]
"""What came later: an agent asks only those for it that say in their hello that they can."""
SOCKET_NAME: Final = "socket"
LENGTH_BYTES: Final = 4
MESSAGE_BYTES_MAX: Final = 32 * 1024 * 1024

Message = dict[str, Any]


class BadMessage(ValueError):
    """Nothing that follows it on that connection can be understood."""


def message_to_bytes(message: Message) -> bytes:
    """Raises BadMessage: it is too long."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(body) > MESSAGE_BYTES_MAX:
        raise BadMessage(f"a message of {len(body)} bytes; {MESSAGE_BYTES_MAX} are allowed")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class MessageReader:
    """Takes bytes as they come, and gives whole messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Raises BadMessage."""
        self._data += data
        messages: list[Message] = []
        begin = 0
        while len(self._data) - begin >= LENGTH_BYTES:
            length = int.from_bytes(self._data[begin : begin + LENGTH_BYTES], "big")
            if length > MESSAGE_BYTES_MAX:
                raise BadMessage(f"a message of {length} bytes is announced")
            end = begin + LENGTH_BYTES + length
            if len(self._data) < end:
                break
            messages.append(_from_body(bytes(self._data[begin + LENGTH_BYTES : end])))
            begin = end
        del self._data[:begin]
        return messages


def _from_body(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BadMessage(f"not JSON: {body[:80]!r}") from error
    if not isinstance(message, dict):
        raise BadMessage(f"not an object: {body[:80]!r}")
    return message
