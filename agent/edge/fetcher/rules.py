"""The part of the settings that fetching depends on, and how it fails."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.config import AgentConfig

MIB: Final = 1024 * 1024


class FetchFailed(Exception):
    """The text is for whoever launched the task: which uri, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """See `agent/config.py`."""

    bytes_max: int = 4096 * MIB
    unpacked_bytes_max: int = 16384 * MIB
    entries_max: int = 100_000
    stall_ms: int = 60_000
    timeout_ms: int = 900_000
    parallel_max: int = 16
    cache_bytes_max: int = 2048 * MIB
    file_roots: tuple[Path, ...] = ()
    allow_loopback: bool = False


def fetch_rules(config: AgentConfig) -> FetchRules:
    return FetchRules(
        bytes_max=config.fetcher_bytes_max,
        unpacked_bytes_max=config.fetcher_unpacked_bytes_max,
        entries_max=config.fetcher_entries_max,
        stall_ms=config.fetcher_stall_ms,
        timeout_ms=config.fetcher_timeout_ms,
        parallel_max=config.fetcher_parallel_max,
        cache_bytes_max=config.fetcher_cache_bytes_max,
        file_roots=tuple(map(Path, config.fetcher_file_roots)),
        allow_loopback=config.fetcher_allow_loopback,
    )
