"""Tells whoever started the agent that it is there, and under which name."""

import json
import os
from pathlib import Path

from trimast.model.ids import AgentId


def write_ready_file(path: Path, *, agent_id: AgentId | None, http: str) -> None:
    """Whole or not at all. Raises OSError.

    Args:
        agent_id: None until a master has admitted the agent; the file is written again then.
        http: `host:port` where it listens.
    """
    new = path.with_name(f".{path.name}.new")
    facts = {"id": agent_id, "http": http, "pid": os.getpid()}
    new.write_text(json.dumps(facts) + "\n", encoding="ascii")
    new.replace(path)
