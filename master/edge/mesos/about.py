"""What this master says of itself to clients of Mesos."""

from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from master.config import MasterConfig
from master.edge.directory import Directory
from master.edge.leadership import Reign
from master.edge.master_info import MESOS_VERSION, master_info

VERSION_INFO: Final = {
    "version": MESOS_VERSION,
    "build_date": "",
    "build_time": 0.0,
    "build_user": "",
}
"""The release whose API is spoken: clients compare it."""


class About:
    """
    Args:
        started_s: since 1970.
    """

    def __init__(self, config: MasterConfig, directory: Directory, started_s: float) -> None:
        self.flags: Final[Mapping[str, str]] = flags_of(config)
        self.started_s: Final = started_s
        self.cluster: Final = config.cluster
        self.directory: Final = directory

    def master(self, reign: Reign) -> dict[str, Any]:
        """As the leader that it is."""
        info = master_info(self.directory)
        return {
            **VERSION_INFO,
            "start_time": self.started_s,
            "elected_time": reign.began_at_ms / 1000,
            "id": info.id,
            "pid": info.pid,
            "hostname": info.hostname,
            "capabilities": [],
            "leader": info.pid,
            "leader_info": {
                "id": info.id,
                "pid": info.pid,
                "port": info.port,
                "hostname": info.hostname,
            },
            "cluster": self.cluster,
            "flags": self.flags,
        }


def flags_of(config: MasterConfig) -> dict[str, str]:
    """What was set, as text. No setting is a secret: those are in files, of which only the names
    are settings."""
    return {each.name: _text(getattr(config, each.name)) for each in fields(config)}


def trimast_version() -> str:
    try:
        return version("trimast")
    except PackageNotFoundError:
        return "0"  # Run from a checkout.


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
