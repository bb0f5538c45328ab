"""Processes of the bench: they end with it, whatever ends it."""

import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_WAIT_S: Final = 20


def start(command: Sequence[str], log_file: Path) -> "subprocess.Popen[bytes]":
    """The kernel kills it when the bench is gone."""
    with log_file.open("ab") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Also one that is stopped. Returns when it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait(_WAIT_S)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
