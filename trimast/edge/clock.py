"""What time it is: one clock for waiting, another for people."""

import time


def monotonic_ms() -> int:
    """Never goes back. Means nothing on another machine, nor after a restart of this one."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """Since 1970. May jump either way: for people and logs, never for a decision."""
    return time.time_ns() // 1_000_000
