"""Data directories as they are found: also while a master works on them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from master.disaster.edge.failing import Failed
from replication.engine.disk_layout import MAY_BE_THERE, is_in_use
from replication.engine.files import OsDirectory
from replication.engine.inspecting import Findings, inspect

_TRIES: Final = 5
_PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """
    Attributes:
        in_use: a process works on it: what was found may be older than what there is by now. None
            if that cannot be told.
    """

    path: Path
    in_use: bool | None
    findings: Findings


def look_at(path: Path) -> Found:
    """
    Raises:
        Failed: there is no such directory, or it is not ours to read.
    """
    try:
        is_directory = path.is_dir()
        names = OsDirectory(path).names() if is_directory else []
    except OSError as error:
        raise Failed(f"{path} cannot be read: {error.strerror}") from error
    if not is_directory:
        what = "is not a directory" if path.exists() else "is not there"
        raise Failed(f"{path} {what}; name a master's data directory")
    if not any(name not in MAY_BE_THERE for name in names):
        raise Failed(f"{path} is empty; name a master's data directory")
    in_use = is_in_use(path)
    findings = inspect(OsDirectory(path))
    for _ in range(_TRIES - 1):
        if findings.is_sound or not is_in_use(path):
            break
        # A master removed or wrote a file between two looks of ours.
        time.sleep(_PAUSE_S)
        findings = inspect(OsDirectory(path))
    return Found(path, in_use, findings)
