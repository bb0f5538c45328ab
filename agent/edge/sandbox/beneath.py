"""Opens files below a directory whose contents are somebody else's, and never leaves it.

Nothing is followed: no link, no `..`, nothing of /proc. `openat2` has the kernel hold to that; a
kernel without it is asked for one name after the other.
"""

import ctypes
import errno
import os
from typing import Final

_OPENAT2: Final = 437
_NO_MAGICLINKS: Final = 0x02
_NO_SYMLINKS: Final = 0x04
_BENEATH: Final = 0x08
_WHERE: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WITHOUT: Final = {errno.ENOSYS, errno.EPERM, errno.E2BIG, errno.EINVAL}
"""How a kernel, or a filter in front of it, says that it has no `openat2`."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def parts_of(path: str) -> list[str]:
    """Of a path below a directory; none for the directory itself. Raises OSError."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise PermissionError(errno.EACCES, "the path must not have '..' in it")
    if "\0" in path:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return parts


def open_beneath(root: int, path: str, flags: int, mode: int = 0) -> int:
    """A file or directory at `path` below the directory `root`.

    It is opened without waiting for anybody at the other end of a FIFO. Raises OSError; ELOOP if
    there is a link on the way or at its end.
    """
    parts = parts_of(path)
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        return _openat2(root, "/".join(parts) or ".", flags, mode)
    except OSError as error:
        if error.errno not in _WITHOUT:
            raise
    return open_step_by_step(root, parts, flags, mode)


def open_step_by_step(root: int, parts: list[str], flags: int, mode: int) -> int:
    """The same without `openat2`."""
    place = os.open(".", _WHERE, dir_fd=root)
    try:
        for part in parts[:-1]:
            below = os.open(part, _WHERE, dir_fd=place)
            os.close(place)
            place = below
        return os.open(parts[-1] if parts else ".", flags | os.O_NOFOLLOW, mode, dir_fd=place)
    finally:
        os.close(place)


def _openat2(root: int, path: str, flags: int, mode: int) -> int:
    creates = flags & os.O_CREAT
    how = _OpenHow(flags, mode if creates else 0, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS)
    file: int = _libc.syscall(
        _OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how)
    )
    if file < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return file
