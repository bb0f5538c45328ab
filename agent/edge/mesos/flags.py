"""The settings of an agent, as tools ask for them."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from agent.config import AgentConfig

_MAY_HOLD_SECRETS: Final = {"podman_args", "podman_run_args"}


def flags_of(config: AgentConfig, work_dir: Path) -> dict[str, str]:
    """Args:
    work_dir: as it is, and not as it was named.
    """
    flags = {
        field.name: _text(getattr(config, field.name))
        for field in fields(config)
        if field.name not in _MAY_HOLD_SECRETS
    }
    return flags | {"work_dir": str(work_dir), "port": str(config.http_port)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
