"""Where the launcher is reached: a socket in its folder, for its own user, one launcher each."""

import fcntl
import os
import socket
from typing import Final

from agent.launcher.wire import SOCKET_NAME

LOCK_NAME: Final = "lock"
_BACKLOG: Final = 16


class AnotherLauncher(Exception):
    """There is one at work in that folder already."""


def lock_folder(path: str) -> int:
    """Held as long as this process lives. Raises AnotherLauncher, OSError."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(path, LOCK_NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AnotherLauncher(path) from None
    return lock


def listen(path: str) -> socket.socket:
    """In place of a socket that an earlier launcher has left: only who has the lock may.

    Nobody ever finds a socket there at which nobody listens yet. Raises OSError.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # The name of a socket may be 107 bytes long, and that of a folder 4095.
    short = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        if os.path.lexists(f"{short}.new"):
            os.unlink(f"{short}.new")
        listener.bind(f"{short}.new")
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        os.rename(f"{short}.new", short)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(umask)
        os.close(folder)
    return listener
