"""Gives a task a view of its own of what all processes of a machine share.

A namespace of processes is entered only by those who are born into it. So the process that the
launcher watches stays outside, and ends as the task does; inside, number 1 reaps what nobody else
does, and its only child becomes the task.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Iterable
from typing import Any, Final, NoReturn

_FLAGS: Final = {"mount": 0x00020000, "ipc": 0x08000000, "pid": 0x20000000, "net": 0x40000000}
_ANY_KIND: Final = 0
_MS_REC_PRIVATE: Final = 16384 | (1 << 18)
_MS_NOSUID_NODEV_NOEXEC: Final = 2 | 4 | 8
_ASKED_TO_END: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_GET_FLAGS: Final = 0x8913
_SET_FLAGS: Final = 0x8914
_IS_UP: Final = 1
_OF_INTERFACE: Final = "16sh14x"
"""Its name and its flags, in what the kernel calls `struct ifreq`."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def enter_namespaces(box: dict[str, Any], complain: int) -> None:
    """`namespaces`: their names. Returns in the process that is to be the task. Raises OSError.

    Args:
        complain: of the others it is closed, so that the launcher hears when the task begins.
    """
    wanted = set(box.get("namespaces", ()))
    if not wanted:
        return
    if "pid" in wanted:
        wanted.add("mount")  # Or it would look at the processes of others.
    if _LIBC.unshare(sum(_FLAGS[name] for name in wanted)) != 0:
        _fail(f"namespaces ({', '.join(sorted(wanted))})")
    if "net" in wanted:
        _raise_loopback()
    if "mount" in wanted:
        _mount(b"none", b"/", None, _MS_REC_PRIVATE)
    if "pid" in wanted:
        _be_born(complain)
        _mount(b"proc", b"/proc", b"proc", _MS_NOSUID_NODEV_NOEXEC)


def enter_those_of(pid: int, names: Iterable[str]) -> None:
    """Namespaces of another process, as /proc calls them. Raises OSError.

    That of processes is one for our children: see `go_inside`.
    """
    files = [(name, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)) for name in names]
    for name, file in files:
        if _LIBC.setns(file, _ANY_KIND) != 0:
            _fail(f"namespace ({name})")
        os.close(file)


def go_inside(complain: int) -> None:
    """Returns in a child, for which what was said about children holds."""
    child = os.fork()
    if child != 0:
        os.close(complain)
        _stand_by(child)


def _be_born(complain: int) -> None:
    go_inside(complain)
    go_inside(complain)


def _stand_by(child: int) -> NoReturn:
    """End as the child does. Who asks all of the task to end means the child."""
    for number in _ASKED_TO_END:
        signal.signal(number, signal.SIG_IGN)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            break
    code = os.waitstatus_to_exitcode(status)
    # Nothing ends number 1 from within, so it says of a signal what a shell would.
    os._exit(code if code >= 0 else 128 - code)


def _raise_loopback() -> None:
    """The only interface that a new network has, and it is not up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
        answer = fcntl.ioctl(anyone, _GET_FLAGS, struct.pack(_OF_INTERFACE, b"lo", 0))
        _, flags = struct.unpack(_OF_INTERFACE, answer)
        fcntl.ioctl(anyone, _SET_FLAGS, struct.pack(_OF_INTERFACE, b"lo", flags | _IS_UP))


def _mount(source: bytes, place: bytes, kind: bytes | None, flags: int) -> None:
    if _LIBC.mount(source, place, kind, ctypes.c_ulong(flags), None) != 0:
        _fail(f"mount on {place.decode()}")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
