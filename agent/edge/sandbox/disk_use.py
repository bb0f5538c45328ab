"""How much of the disk a sandbox takes, whatever its task has made of it."""

import contextlib
import os
from pathlib import Path
from typing import Final

from agent.edge.sandbox.beneath import open_beneath

ENTRIES_MAX: Final = 2_000_000
"""After so many it stops counting."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES: Final = 512


def bytes_used(sandbox: Path) -> int:
    """What its files take, of sparse ones what is there, each once. Links are not followed.

    Raises OSError.
    """
    root = os.open(sandbox, _DIRECTORY)
    try:
        return _below(root)
    finally:
        os.close(root)


def _below(root: int) -> int:
    blocks, entries = 0, 0
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting and entries < ENTRIES_MAX:
        path = waiting.pop()
        # What has gone meanwhile, or lies deeper than a path can say, is not counted.
        with contextlib.suppress(OSError):
            directory = open_beneath(root, path, _DIRECTORY)
            try:
                for entry in os.scandir(directory):
                    entries += 1
                    facts = entry.stat(follow_symlinks=False)
                    if facts.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                        if (facts.st_dev, facts.st_ino) in seen:
                            continue
                        seen.add((facts.st_dev, facts.st_ino))
                    blocks += facts.st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{path}/{entry.name}")
            finally:
                os.close(directory)
    return blocks * _BLOCK_BYTES
