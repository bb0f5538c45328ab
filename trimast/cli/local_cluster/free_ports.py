"""Ports that nobody listens on, and that the kernel gives to nobody by itself."""

import socket
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Final

HOST: Final = "127.0.0.1"
_LOWEST: Final = 10_000
_EPHEMERAL_USUALLY: Final = (32_768, 60_999)


class NoFreePort(Exception):
    """All that were tried are taken."""


def free_ports(count: int, random: Random, taken: Iterable[int] = ()) -> list[int]:
    """`count` different ports.

    Below the range that the kernel takes the near ends of connections from: a port in it could be
    gone when a killed master comes back for its own.

    Raises:
        NoFreePort: there are not as many.
    """
    refused = set(taken)
    found: list[int] = []
    candidates = range(_LOWEST, max(_LOWEST + 1_000, _ephemeral_first()))
    for port in random.sample(candidates, k=min(len(candidates), 1_000 + 10 * count)):
        if len(found) == count:
            break
        if port not in refused and is_free(port):
            found.append(port)
    if len(found) < count:
        raise NoFreePort(f"{count} free ports were wanted, {len(found)} found")
    return found


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: what is left of a former connection is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _ephemeral_first() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return _EPHEMERAL_USUALLY[0]
    return int(text.split()[0])
