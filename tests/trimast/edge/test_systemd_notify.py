"""What systemd hears of a process."""

import asyncio
import os
import socket
from pathlib import Path

from trimast.edge.systemd_notify import SystemdNotify


def listener(path: Path) -> socket.socket:
    hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    hears.bind(str(path))
    hears.settimeout(10)
    return hears


def test_it_hears_ready_then_pings_then_stopping(tmp_path: Path) -> None:
    async def main() -> None:
        notify = SystemdNotify(
            {
                "NOTIFY_SOCKET": str(tmp_path / "s"),
                "WATCHDOG_USEC": "30000",
                "WATCHDOG_PID": str(os.getpid()),
            }
        )
        with listener(tmp_path / "s") as hears:
            notify.ready()
            heard = [await asyncio.to_thread(hears.recv, 99) for _ in range(4)]
            assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            notify.stop()
            notify.stopping()
            while (said := hears.recv(99)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"

    asyncio.run(main())


def test_without_a_watchdog_of_its_own_it_does_not_ping(tmp_path: Path) -> None:
    async def main() -> None:
        place = {"NOTIFY_SOCKET": f"@trimast-test-{os.getpid()}"}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
            hears.bind(f"\0trimast-test-{os.getpid()}")
            for more in ({}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}):
                SystemdNotify(place | more).ready()
                assert hears.recv(99) == b"READY=1"
            hears.setblocking(False)
            await asyncio.sleep(0)
            try:
                said = hears.recv(99)
            except BlockingIOError:
                said = b""
            assert said == b""

    asyncio.run(main())


def test_nobody_need_listen(tmp_path: Path) -> None:
    async def main() -> None:
        for place in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
            notify = SystemdNotify(place)
            notify.ready()
            notify.stopping()
            notify.stop()

    asyncio.run(main())
