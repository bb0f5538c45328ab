"""Groups of launchers that are gone for ever, as when a work directory was thrown away.

One that comes back tidies up itself: see `holding.py`. But who has died is in nobody's way, and so
whoever starts next takes away what has no process in it any more.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from typing import Final

from agent.launcher.cgroups.contract import LAUNCHER
from agent.launcher.cgroups.files import (
    folders_below,
    folders_in,
    open_folder,
    read_numbers,
    remove_folder,
)

PATIENCE_S: Final = 2.0
_PAUSE_S: Final = 0.01


@contextlib.contextmanager
def starting_alone(mount: str) -> Iterator[bool]:
    """Keeps others from taking away what is made here, and is empty still.

    Yields:
        False if another holds it for long: then nothing may be taken away.
    """
    folder = open_folder(mount)
    end_s = time.monotonic() + PATIENCE_S
    try:
        while not (is_alone := _try_to_lock(folder)) and time.monotonic() < end_s:
            time.sleep(_PAUSE_S)
        yield is_alone
    finally:
        os.close(folder)


def drop_abandoned(places: Iterable[str], own: str) -> list[str]:
    """Call while `starting_alone`. Raises OSError.

    Args:
        places: that hold the groups of all launchers, one in each hierarchy.
        own: the name there of the one that starts.

    Returns:
        whose groups are gone now.
    """
    opened = [open_folder(place) for place in dict.fromkeys(places) if os.path.isdir(place)]
    try:
        names = {name for place in opened for name in folders_in(place)} - {own}
        dropped = [name for name in sorted(names) if _is_abandoned(opened, name)]
        for name in dropped:
            for place in opened:
                for folder in folders_below(place, name):
                    remove_folder(place, folder)
        return dropped
    finally:
        for place in opened:
            os.close(place)


def _try_to_lock(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_abandoned(places: list[int], name: str) -> bool:
    folders = [(place, folder) for place in places for folder in folders_below(place, name)]
    if not any(folder == f"{name}/{LAUNCHER}" for _, folder in folders):
        return False  # Something else has its groups here.
    return not any(read_numbers(place, f"{folder}/cgroup.procs") for place, folder in folders)
