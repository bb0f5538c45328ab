"""What a command beside a task reads from and writes to: pipes, or a terminal."""

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

END_OF_INPUT: Final = b"\x04"
"""What a terminal takes for the end of what is typed."""


@dataclass(slots=True)
class Pipes:
    """
    Attributes:
        stderr: ends at once if there is a terminal, which has one output.
        terminal: its file; -1 if there is none, or it is closed.
    """

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    transports: list[asyncio.BaseTransport]
    terminal: int = -1

    def close(self) -> None:
        for transport in self.transports:
            transport.close()
        if self.terminal != -1:
            os.close(self.terminal)
            self.terminal = -1

    def end_input(self) -> None:
        if self.terminal == -1:
            self.stdin.close()
        else:
            self.stdin.write(END_OF_INPUT)

    def resize(self, rows: int, columns: int) -> None:
        if self.terminal != -1:
            set_size(self.terminal, rows, columns)


async def open_pipes(theirs: list[int]) -> Pipes:
    """Their ends are put into `theirs`, open as long as nobody closes them. Raises OSError."""
    ours: list[int] = []
    try:
        for place in range(3):
            reading, writing = os.pipe2(os.O_CLOEXEC)
            ours.append(reading if place else writing)
            theirs.append(writing if place else reading)
    except OSError:
        for file in ours:
            os.close(file)
        raise
    stdout, from_stdout = await _reader(ours[1])
    stderr, from_stderr = await _reader(ours[2])
    stdin, to_stdin = await _writer(ours[0])
    return Pipes(stdin, stdout, stderr, [from_stdout, from_stderr, to_stdin])


async def open_terminal(theirs: list[int], size: tuple[int, int] | None) -> Pipes:
    """
    Args:
        size: rows and columns, if anybody has said.

    Raises OSError.
    """
    terminal, end = pty.openpty()
    for file in (terminal, end):
        os.set_inheritable(file, False)
    theirs.append(end)
    theirs.extend(os.dup(end) for _ in range(2))
    if size is not None:
        set_size(terminal, *size)
    stdout, reading = await _reader(os.dup(terminal))
    stdin, writing = await _writer(os.dup(terminal))
    stderr = asyncio.StreamReader()
    stderr.feed_eof()
    return Pipes(stdin, stdout, stderr, [reading, writing], terminal)


async def read_some(source: asyncio.StreamReader, bytes_max: int) -> bytes:
    """b"" at the end, which a terminal calls an error. So is any other: nothing more comes."""
    try:
        return await source.read(bytes_max)
    except OSError:
        return b""


def set_size(terminal: int, rows: int, columns: int) -> None:
    most = 2**16 - 1
    size = struct.pack("HHHH", min(rows, most), min(columns, most), 0, 0)
    with suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


async def _reader(file: int) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader()
    protocol = _as(asyncio.StreamReaderProtocol(reader))
    pipe = os.fdopen(file, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(protocol, pipe)
    return reader, transport


async def _writer(file: int) -> tuple[asyncio.StreamWriter, asyncio.BaseTransport]:
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
    pipe = os.fdopen(file, "wb", 0)
    transport, _ = await loop.connect_write_pipe(_as(protocol), pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop), transport


def _as(
    protocol: asyncio.StreamReaderProtocol,
) -> Callable[[], asyncio.StreamReaderProtocol]:
    return lambda: protocol
