"""Replicas on real files and real sockets, all on the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from replication.config import PeerAddress, ReplicationConfig, TlsFiles
from replication.engine.fail_stop import Fatal
from replication.engine.raft_log import RaftLog
from replication.replicated_log import Committed, ProposalOutcome, ReplicatedLog
from tests.simulation.raft.commands import CapturedCommands, RestoredCommands


class Recorder:
    """A state machine and a listener that remember.

    Attributes:
        events: what happened, in order: applied commands, gained and lost leadership.
    """

    def __init__(self) -> None:
        self.applied: list[bytes] = []
        self.events: list[object] = []

    def apply(self, index: int, command: bytes) -> object:
        self.applied.append(command)
        self.events.append(("applied", command))
        return len(self.applied)

    def capture(self) -> CapturedCommands:
        return CapturedCommands(self.applied)

    def restore(self, index: int) -> RestoredCommands:
        return RestoredCommands(self._restored)

    def _restored(self, commands: list[bytes]) -> None:
        self.applied = commands
        self.events.append("restored")

    def leadership_gained(self, term: int) -> None:
        self.events.append("gained")

    def leadership_lost(self, term: int) -> None:
        self.events.append("lost")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class RealCluster:
    def __init__(
        self,
        directory: Path,
        names: Sequence[str],
        tls: Mapping[str, TlsFiles] | None = None,
        **settings: Any,
    ) -> None:
        self._directory = directory
        self._tls = tls or {}
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._settings = settings
        self.logs: dict[str, RaftLog] = {}
        self.recorders: dict[str, Recorder] = {}
        self.fatal: list[Fatal] = []

    def config(self, name: str) -> ReplicationConfig:
        return ReplicationConfig(
            cluster_id="blue",
            replica_id=name,
            data_directory=self._directory / name,
            listen_port=self._ports[name],
            peers={
                other: PeerAddress("127.0.0.1", port)
                for other, port in self._ports.items()
                if other != name
            },
            tls=self._tls.get(name),
            **self._settings,
        )

    async def start(self, name: str, recorder: Recorder | None = None) -> RaftLog:
        recorder = self.recorders[name] = recorder or Recorder()
        self.logs[name] = await RaftLog.start(
            self.config(name), recorder, recorder, on_fatal=self.fatal.append
        )
        return self.logs[name]

    async def kill(self, name: str) -> None:
        """As `kill -9` does it: no farewell, the sockets are reset, the lock falls."""
        log = self.logs.pop(name)
        log._engine._is_stopped = True
        log._space.stop()
        await log._net.close()
        await log._flushing.stop()
        await log._job_thread.stop()
        log._fail_stop.disarm()
        log._cancel_alarm()
        log._wal.close()
        log._directory.release()

    def leader(self) -> RaftLog | None:
        return next((log for log in self.logs.values() if log.status().leading), None)

    async def wait_for_leader(self) -> RaftLog:
        await until(lambda: self.leader() is not None)
        leader = self.leader()
        assert leader is not None
        return leader


async def until(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for says nothing by itself
            await asyncio.sleep(0.002)


async def commit(log: ReplicatedLog, command: bytes) -> ProposalOutcome:
    outcome: asyncio.Future[ProposalOutcome] = asyncio.get_running_loop().create_future()
    log.propose(command, outcome.set_result)
    async with asyncio.timeout(20.0):
        return await outcome


async def surely_commit(cluster: RealCluster, command: bytes) -> None:
    """By whoever leads, perhaps more than once: leaders change on a busy machine."""
    while True:
        leader = await cluster.wait_for_leader()
        if isinstance(await commit(leader, command), Committed):
            return


@asynccontextmanager
async def real_cluster(
    directory: Path, names: Sequence[str], **settings: Any
) -> AsyncIterator[RealCluster]:
    cluster = RealCluster(directory, names, **settings)
    try:
        for name in names:
            await cluster.start(name)
        yield cluster
        assert cluster.fatal == []
    finally:
        for log in cluster.logs.values():
            await log.stop()
