"""Hashes the state every so many entries, tells it to all, and compares it with theirs."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

import structlog

from replication.config import MIB, ReplicationConfig
from replication.engine.core import RaftCore
from replication.engine.digests import Digests
from replication.engine.messages import StateDigest
from replication.engine.outbox import Outbox
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.workbench import Job, Workbench
from replication.observer import LogObserver
from replication.state_machine import Capture, StateMachine

log = structlog.get_logger(__name__)

DIGEST_BYTES: Final = 16
_STATE_BYTES: Final = 4 * MIB
"""A state of this size is hashed as often as the setting says. For each doubling it is done half as
often, so that the work for each entry has a bound."""


class Digesting:
    """
    Args:
        peers: the other voters: a majority is one of these and this replica.
    """

    def __init__(
        self,
        config: ReplicationConfig,
        *,
        peers: Iterable[str],
        core: RaftCore,
        outbox: Outbox,
        store: SnapshotStore,
        state_machine: StateMachine,
        workbench: Workbench,
        observer: LogObserver,
    ) -> None:
        self._replica_id = config.replica_id
        self._peers = sorted(peers)
        self._format = config.state_format
        self._every_entries = config.digest_every_entries
        self._core = core
        self._outbox = outbox
        self._state_machine = state_machine
        self._workbench = workbench
        self._observer = observer
        self._digests = Digests(config.replica_id, self._peers)
        self._is_hashing = False
        state_bytes = 0 if store.newest is None else store.newest.size_bytes
        self._spacing_entries = spacing_entries(self._every_entries, state_bytes)

    def applied(self, index: int) -> None:
        """The state is now that after this entry."""
        if index % self._spacing_entries or self._is_hashing or not self._peers:
            return
        self._is_hashing = True
        self._workbench.add(self._job(index, self._state_machine.capture()))

    def session_opened(self, peer: str) -> None:
        """What this peer may not have heard, or has forgotten."""
        for index, digest in self._digests.own():
            self._outbox.send(peer, StateDigest(index, digest, self._format))

    def on_digest(self, peer: str, told: StateDigest) -> None:
        # Another program may write the same state differently.
        if told.state_format == self._format and self._digests.note(peer, told.index, told.digest):
            own = dict(self._digests.own()).get(told.index)
            if own is not None:
                self._compare(told.index, own, peer, told.digest)
            self._digests.check(told.index, self._core.leader_id)

    def _job(self, index: int, capture: Capture) -> Job:
        hashed = blake2b(digest_size=DIGEST_BYTES)
        size_bytes = 0

        def steps() -> Iterator[None]:
            nonlocal size_bytes
            for chunk in capture.chunks():
                hashed.update(chunk)  # Where one ends and the next begins says nothing.
                size_bytes += len(chunk)
                yield

        def done() -> None:
            self._is_hashing = False
            # From the state at this entry alone: so all replicas choose the same entries.
            self._spacing_entries = spacing_entries(self._every_entries, size_bytes)
            self._made(index, hashed.digest())

        def failed(error: Exception) -> None:
            raise error

        return Job("digest", steps(), done, failed)

    def _made(self, index: int, digest: bytes) -> None:
        self._digests.note(self._replica_id, index, digest)
        for peer in self._peers:
            self._outbox.send(peer, StateDigest(index, digest, self._format))
        for peer, other in self._digests.others_at(index).items():
            self._compare(index, digest, peer, other)
        self._digests.check(index, self._core.leader_id)

    def _compare(self, index: int, own: bytes, peer: str, other: bytes) -> None:
        self._observer.digest_compared()
        if own != other:
            self._observer.digest_mismatched()
            log.error(
                "state_digest_mismatched",
                replica_id=self._replica_id,
                index=index,
                digest=own.hex(),
                peer=peer,
                peer_digest=other.hex(),
            )


def spacing_entries(every_entries: int, state_bytes: int) -> int:
    """Doublings of the setting: whatever two replicas take for the size, they meet again and again
    at the entries of the wider spacing."""
    doublings = max(0, (max(1, state_bytes) - 1) // _STATE_BYTES).bit_length()
    return every_entries << doublings
