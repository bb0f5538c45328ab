"""Messages come whole, in order, however the bytes of them come."""

import pytest

from agent.launcher.wire import (
    MESSAGE_BYTES_MAX,
    BadMessage,
    Message,
    MessageReader,
    message_to_bytes,
)

MESSAGES: list[Message] = [
    {"do": "hello", "version": 1},
    {"do": "start", "launch": "ü\ud800\0"},
    {},
]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_messages_come_as_they_were_sent(size: int) -> None:
    data = b"".join(map(message_to_bytes, MESSAGES))
    reader = MessageReader()
    read = [m for at in range(0, len(data), size) for m in reader.feed(data[at : at + size])]
    assert read == MESSAGES


@pytest.mark.parametrize(
    "data",
    [
        (MESSAGE_BYTES_MAX + 1).to_bytes(4, "big"),
        b"\0\0\0\x01{",
        b"\0\0\0\x02[]",
        b"\0\0\0\x01\xff",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        MessageReader().feed(data)


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(BadMessage):
        message_to_bytes({"launch": "x" * MESSAGE_BYTES_MAX})
