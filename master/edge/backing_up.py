"""Backups through the operators' door: the registry after one entry, in parts, while it goes on."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import grpc.aio
import structlog

from master.disaster.counting import count
from master.edge.doors import Doorkeeper
from master.edge.long_answers import LongAnswers, write
from master.edge.registry_log import CapturedRegistry, RegistryLog
from master.registry.snapshot import RegistrySnapshot
from protos.trimast.v1 import cluster_pb2
from replication.engine.backup_file import BackupHeader, backup_parts
from replication.membership import Configuration
from trimast.edge.clock import wall_ms

log = structlog.get_logger()

BACKUPS_MAX: Final = 2
"""At a time: each holds on to records that are replaced meanwhile."""
PART_BYTES_MAX: Final = 256 * 1024

_Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where the state of this master stands.

    Attributes:
        index, term: of the last entry applied.
    """

    index: int
    term: int
    configuration: Configuration


class BackingUp:
    """
    Args:
        position: of the registry, in this very turn of the loop.
    """

    def __init__(
        self,
        cluster_id: str,
        doorkeeper: Doorkeeper,
        registry_log: RegistryLog,
        position: Callable[[], LogPosition],
    ) -> None:
        self._cluster_id = cluster_id
        self._doorkeeper = doorkeeper
        self._registry_log = registry_log
        self._position = position
        self._answers = LongAnswers("backups", BACKUPS_MAX)

    async def send(self, context: _Context, *, leading: bool) -> None:
        """
        Args:
            leading: a quorum has just said so.
        """
        async with self._answers.one_more(context):
            await self._send(context, leading=leading)

    async def _send(self, context: _Context, *, leading: bool) -> None:
        # One turn of the loop: the position is that of what is captured.
        position = self._position()
        snapshot = self._registry_log.capture().snapshot
        head = cluster_pb2.BackupHead(
            cluster_id=self._cluster_id,
            master_id=self._doorkeeper.directory.own_id,
            leading=leading,
            index=position.index,
            term=position.term,
            epoch=snapshot.epoch,
            agents=len(snapshot.agents),
            frameworks=len(snapshot.frameworks),
            tasks=len(snapshot.tasks),
        )
        await write(context, cluster_pb2.BackupReply(head=head))
        digest = hashlib.sha256()
        size_bytes = 0
        parts = self._parts(position, snapshot)
        while part := await asyncio.to_thread(next, parts, b""):
            digest.update(part)
            size_bytes += len(part)
            for at in range(0, len(part), PART_BYTES_MAX):
                data = part[at : at + PART_BYTES_MAX]
                await write(context, cluster_pb2.BackupReply(data=data))
        end = cluster_pb2.BackupEnd(size_bytes=size_bytes, sha256=digest.digest())
        await write(context, cluster_pb2.BackupReply(end=end))
        log.info("backup_sent", index=position.index, size_bytes=size_bytes)

    def _parts(self, position: LogPosition, snapshot: RegistrySnapshot) -> Iterator[bytes]:
        header = BackupHeader(
            self._cluster_id,
            position.configuration,
            position.index,
            position.term,
            wall_ms(),
            self._doorkeeper.directory.own_id,
            count(snapshot).as_fields(),
        )
        yield from backup_parts(header, CapturedRegistry(snapshot).chunks())
