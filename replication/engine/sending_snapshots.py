"""Sends the newest snapshot to replicas that lack what the log no longer holds.

pysyncobj believes such a peer disconnected as long as that takes, so its own way of sending
snapshots is never used (S4, N11). Pieces go out only as fast as the other side writes them to its
disk, every answer counts as a sign of life (N19), and after a broken session the transfer goes on
where it stood.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from replication.config import ReplicationConfig
from replication.engine.messages import SnapshotPart, SnapshotProgress
from replication.engine.outbox import Outbox
from replication.engine.snapshot_file import SnapshotInfo
from replication.engine.snapshot_store import SnapshotStore

log = structlog.get_logger(__name__)

_WINDOW_PARTS: Final = 8
_RETRY_MIN_S: Final = 1.0
_RETRY_MAX_S: Final = 60.0
_QUIET_MAX_S: Final = 2.0


@dataclass(slots=True)
class _Transfer:
    """Attributes:
    sent_bytes, written_bytes: from the beginning of the file on; written there, by its own word.
    counts_from: answers to what was sent before this sequence say nothing about where to go on.
    heard_s: when it was last asked, or answered.
    not_before_s, retry_s: the wait after it went wrong there, and the next.
    """

    snapshot: SnapshotInfo
    counts_from: int
    heard_s: float
    is_offered: bool = True
    sent_bytes: int = 0
    written_bytes: int = 0
    not_before_s: float = float("-inf")
    retry_s: float = _RETRY_MIN_S


class SendingSnapshots:
    def __init__(
        self,
        config: ReplicationConfig,
        *,
        store: SnapshotStore,
        outbox: Outbox,
        now_s: Callable[[], float],
        next_sequence: Callable[[], int],
    ) -> None:
        self._part_bytes = config.transfer_chunk_bytes
        self._store = store
        self._outbox = outbox
        self._now_s = now_s
        self._next_sequence = next_sequence
        self._transfers: dict[str, _Transfer] = {}

    @property
    def being_sent(self) -> set[SnapshotInfo]:
        return {transfer.snapshot for transfer in self._transfers.values()}

    def needed_from(self) -> int | None:
        """The log must go on from here for those who will have received a snapshot."""
        return min((info.index for info in self.being_sent), default=None)

    def is_to(self, peer: str) -> bool:
        return peer in self._transfers

    def begin(self, peer: str) -> None:
        assert peer not in self._transfers
        snapshot = self._store.newest
        assert snapshot is not None, "the log was compacted without a snapshot"
        sequence = self._next_sequence()
        self._transfers[peer] = _Transfer(snapshot, sequence, self._now_s())
        log.info(
            "snapshot_offered", peer=peer, index=snapshot.index, size_bytes=snapshot.size_bytes
        )
        self._outbox.send(peer, SnapshotPart(sequence, snapshot, 0, b""))

    def end(self, peer: str) -> None:
        self._transfers.pop(peer, None)

    def end_all(self) -> None:
        self._transfers.clear()

    def is_done(self, peer: str, matched_index: int) -> bool:
        transfer = self._transfers.get(peer)
        return transfer is not None and matched_index >= transfer.snapshot.index

    def on_progress(self, peer: str, echo: int, progress: SnapshotProgress) -> None:
        transfer = self._transfers.get(peer)
        if transfer is None or progress.checksum != transfer.snapshot.checksum:
            return
        transfer.heard_s = self._now_s()
        received_bytes = min(progress.received_bytes, transfer.snapshot.size_bytes)
        if not progress.go_on_here:
            transfer.written_bytes = max(transfer.written_bytes, received_bytes)
        elif echo >= transfer.counts_from:
            if received_bytes < transfer.written_bytes:
                # It had more, and threw it away: a full disk, or bytes that were damaged.
                self._wait(transfer)
            transfer.sent_bytes = transfer.written_bytes = received_bytes
            transfer.counts_from = self._next_sequence()
            transfer.is_offered = False
        self._send(peer, transfer)

    def run_timer(self) -> None:
        for peer, transfer in self._transfers.items():
            if self._now_s() - transfer.heard_s > _QUIET_MAX_S:
                # It may have thrown away what it had told to be there: ask where to go on.
                transfer.heard_s = self._now_s()
                offer = SnapshotPart(self._next_sequence(), transfer.snapshot, 0, b"")
                self._outbox.send(peer, offer)
            self._send(peer, transfer)

    def _send(self, peer: str, transfer: _Transfer) -> None:
        snapshot = transfer.snapshot
        window_bytes = _WINDOW_PARTS * self._part_bytes
        while (
            not transfer.is_offered
            and transfer.sent_bytes < snapshot.size_bytes
            and transfer.sent_bytes - transfer.written_bytes < window_bytes
            and self._now_s() >= transfer.not_before_s
        ):
            data = self._read(snapshot, transfer.sent_bytes)
            if not data:
                self._wait(transfer)
                return
            part = SnapshotPart(self._next_sequence(), snapshot, transfer.sent_bytes, data)
            transfer.sent_bytes += len(data)
            self._outbox.send(peer, part)

    def _read(self, snapshot: SnapshotInfo, start: int) -> bytes:
        size_bytes = min(self._part_bytes, snapshot.size_bytes - start)
        try:
            return self._store.read(snapshot, start, size_bytes)
        except OSError as error:
            log.error("snapshot_unreadable", index=snapshot.index, error=str(error))
            return b""

    def _wait(self, transfer: _Transfer) -> None:
        transfer.not_before_s = self._now_s() + transfer.retry_s
        transfer.retry_s = min(2 * transfer.retry_s, _RETRY_MAX_S)
