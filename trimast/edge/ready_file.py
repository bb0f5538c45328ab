"""Tells whoever started a process that it is there, under which name, and where it listens."""

import json
import os
from pathlib import Path


def write_ready_file(path: Path, **facts: str | None) -> None:
    """Whole or not at all, with the process's pid. Raises OSError.

    Args:
        facts: `id`, None while the process has none yet, and `host:port` for each door.
    """
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps(facts | {"pid": os.getpid()}) + "\n", encoding="ascii")
    new.replace(path)
