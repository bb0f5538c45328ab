"""What a task's process may not do, taken from it before its program begins.

Nearly all of this happens in the new process, while that is still root: see `spawning.py`.
"""

import ctypes
import os
import resource
from collections.abc import Iterable
from typing import Any, Final

_CAPBSET_DROP: Final = 24
_SET_NO_NEW_PRIVS: Final = 38
_CAPSET_VERSION_3: Final = 0x20080522
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def bound_resources(box: dict[str, Any]) -> None:
    """`rlimits`: number, soft and hard of each; None is without. Raises OSError, ValueError."""
    for number, *bounds in box.get("rlimits", ()):
        soft, hard = (resource.RLIM_INFINITY if b is None else b for b in bounds)
        resource.setrlimit(number, (soft, hard))


def bound_capabilities(box: dict[str, Any]) -> None:
    """`capabilities`: those that it may ever have, by number; None for all that there are."""
    kept = box.get("capabilities")
    if kept is None or os.geteuid() != 0:
        return
    for number in range(_last_capability() + 1):
        if number not in kept:
            _call("prctl", _CAPBSET_DROP, number, 0, 0, 0)


def drop_privileges(box: dict[str, Any]) -> None:
    """The last thing: once the process is who it is to be."""
    kept = box.get("capabilities")
    if kept is not None and os.geteuid() == 0:
        _keep_only(kept)
    if box.get("no_new_privs"):
        refuse_new_privileges()


def refuse_new_privileges() -> None:
    """No program that this thread runs makes it more than it is, whoever owns that."""
    _call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _keep_only(kept: Iterable[int]) -> None:
    mask = sum(1 << number for number in set(kept) if number <= _last_capability())
    halves = [_Sets(half, half, 0) for half in (mask & 0xFFFFFFFF, mask >> 32)]
    data = (_Sets * 2)(*halves)
    _call("capset", ctypes.byref(_Header(_CAPSET_VERSION_3, 0)), data)


def _last_capability() -> int:
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        return int(file.read())


def _call(name: str, *arguments: Any) -> None:
    if getattr(_LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
