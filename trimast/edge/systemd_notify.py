"""Tells systemd that a process is ready, that it is alive, and that it stops; see sd_notify(3).

Without NOTIFY_SOCKET in the environment it tells nobody.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final

_US_IN_S: Final = 1_000_000
_PINGS_A_PERIOD: Final = 3
"""So that one may be late, and another lost."""


class SystemdNotify:
    """
    Args:
        environment: NOTIFY_SOCKET says where to; WATCHDOG_USEC, after how long a silent process
            is ended; WATCHDOG_PID, which is meant.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]  # An abstract name.
        self._every_s = _ping_period_s(environment)
        self._timer: asyncio.TimerHandle | None = None

    def ready(self) -> None:
        """It serves. From now on its event loop says again and again that it turns."""
        self._say("READY=1")
        if self._address and self._every_s > 0:
            self._ping()

    def stopping(self) -> None:
        """The watchdog holds until the end: nor may a stop last for ever."""
        self._say("STOPPING=1")

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ping(self) -> None:
        self._say("WATCHDOG=1")
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._ping)

    def _say(self, text: str) -> None:
        if not self._address:
            return
        # Whoever does not listen cannot be helped, and is no reason to stop working.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(text.encode("ascii"), self._address)


def _ping_period_s(environment: Mapping[str, str]) -> float:
    """0 if nobody waits for pings of this process."""
    pid, period_us = environment.get("WATCHDOG_PID", ""), environment.get("WATCHDOG_USEC", "")
    if not period_us.isdigit() or pid not in {"", str(os.getpid())}:
        return 0.0
    return int(period_us) / _US_IN_S / _PINGS_A_PERIOD
