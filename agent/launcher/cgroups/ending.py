"""Kills processes that are listed somewhere, and none that has been given one of their numbers."""

import os
import signal
from collections.abc import Callable


def kill_listed(list_pids: Callable[[], list[int]], number: int = signal.SIGKILL) -> bool:
    """True if there were none."""
    pids = list_pids()
    if not pids:
        return True
    handles = {pid: handle for pid in set(pids) if (handle := _open(pid)) != -1}
    try:
        # Who is listed still, now that we hold on to it, is the one that was.
        for pid in list_pids():
            if pid in handles:
                _send(handles[pid], number)
    finally:
        for handle in handles.values():
            os.close(handle)
    return False


def _open(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _send(handle: int, number: int) -> None:
    try:
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return  # It is gone, or has a user whom we may not signal.
