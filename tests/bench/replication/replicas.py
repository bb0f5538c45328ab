"""Three replicas of our log as a cluster of the bench."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import grpc

from tests.bench.replication import processes
from tests.bench.replication.cluster import NAMES, call
from tests.bench.replication.measured import Measured
from tests.bench.replication.service import COMMITTED, SERVICE

_ANSWER_S: Final = 0.5
_UP_WITHIN_S: Final = 60.0


class Replicas:
    """Implements `Cluster`."""

    title = "trimast"
    put_method = f"/{SERVICE}/Propose"
    stream_method = f"/{SERVICE}/Stream"

    def __init__(
        self, folder: Path, settings: Mapping[str, int] | None = None, *, one_by_one: bool = False
    ) -> None:
        """`one_by_one`: each command has an entry of its own."""
        self._folder = folder
        self._one_by_one = one_by_one
        self._settings = dict(settings or {})
        ports = processes.free_ports(2 * len(NAMES))
        self._raft_ports = dict(zip(NAMES, ports[: len(NAMES)], strict=True))
        self._grpc_ports = dict(zip(NAMES, ports[len(NAMES) :], strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def put_request(self, value: bytes) -> bytes:
        return value

    def is_committed(self, answer: bytes) -> bool:
        return answer == COMMITTED

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self._grpc_ports[name]}"

    async def start(self) -> None:
        for name in NAMES:
            self.start_one(name)
        await self.wait_until_whole()

    def start_one(self, name: str) -> None:
        asked = {
            "replica_id": name,
            "folder": str(self._folder / name),
            "raft_ports": self._raft_ports,
            "grpc_port": self._grpc_ports[name],
            "settings": self._settings,
            "one_by_one": self._one_by_one,
        }
        command = [sys.executable, "-m", "tests.bench.replication.replica", json.dumps(asked)]
        self._running[name] = processes.start(command, self._folder / f"{name}.log")

    async def leader(self) -> str | None:
        for name in NAMES:
            status = await self.status(name)
            if status is not None and status["leading"]:
                return name
        return None

    async def wait_until_whole(self) -> str:
        async with asyncio.timeout(_UP_WITHIN_S):
            while True:
                found = [await self.status(name) for name in NAMES]
                leaders = {None if s is None else s["leader_id"] for s in found}
                whole = all(s is not None and s["connected"] == len(NAMES) - 1 for s in found)
                if whole and len(leaders) == 1 and any(s["leading"] for s in found if s):
                    return str(leaders.pop())
                await asyncio.sleep(0.05)

    async def status(self, name: str) -> dict[str, Any] | None:
        try:
            answer = await call(self.address(name), f"/{SERVICE}/Status", b"", timeout_s=_ANSWER_S)
        except grpc.aio.AioRpcError:
            return None
        status: dict[str, Any] = json.loads(answer)
        return status

    async def load(self, name: str, **asked: object) -> Measured:
        """Load from inside this one's process; see `Proposing`."""
        answer = await call(
            self.address(name), f"/{SERVICE}/Load", json.dumps(asked).encode(), timeout_s=3600
        )
        return Measured(**json.loads(answer))

    def kill(self, name: str) -> None:
        processes.kill(self._running.pop(name))

    def signal(self, name: str, number: int) -> None:
        self._running[name].send_signal(number)

    def end(self) -> None:
        for name in list(self._running):
            self.kill(name)
