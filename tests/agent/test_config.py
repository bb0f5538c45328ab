from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.config import AgentConfig

CONFIG = AgentConfig(masters=("127.0.0.1:5052",), work_dir=Path("w"))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"masters": ()}, "masters must name at least one"),
        ({"masters": ("localhost",)}, "masters must be host:port each, not 'localhost'"),
        ({"masters": ("h:0",)}, "masters must be host:port"),
        ({"masters": ("h:70000",)}, "masters must be host:port"),
        ({"http_port": -1}, "http_port must be between 0 and 65535"),
        ({"resources": "cpus"}, "resources: resource 'cpus' has no name or no amount"),
        ({"attributes": "rack"}, "attributes: attribute 'rack' should look like"),
        ({"kill_grace_ms": -1}, "kill_grace_ms must be at least 0, not -1"),
        ({"silence_max_ms": 99}, "silence_max_ms must be at least 100"),
        ({"resend_most_ms": 5}, "resend_most_ms must be at least 10000, not 5"),
        ({"reconfiguration": "less"}, "reconfiguration must be one of equal, additive, any"),
        ({"recover": "no"}, "recover must be reconnect or cleanup, not 'no'"),
        ({"log_level": "loud"}, "log_level must be one of debug, info"),
        ({"journal_bytes_max": 1}, "journal_bytes_max must be at least 65536"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match="^" + text.replace("(", r"\(")):
        replace(CONFIG, **changed)
