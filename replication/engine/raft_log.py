"""The replicated log as a process uses it: an engine on an event loop, a disk and a network."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

import structlog

from replication.config import ReplicationConfig
from replication.engine.data_directory import DataDirectory
from replication.engine.disk_space import DiskSpace
from replication.engine.engine import Engine
from replication.engine.fail_stop import FailStop, Fatal
from replication.engine.flushing import Flushing
from replication.engine.healing import open_log
from replication.engine.job_thread import JobThread
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import Standing
from replication.engine.net import Net
from replication.engine.outgoing import Outgoing
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal
from replication.membership import ChangeListener, MembershipChange, MembershipStatus
from replication.observer import LogObserver, SilentObserver
from replication.replicated_log import (
    LeadershipListener,
    LogStatus,
    OutcomeListener,
    ReadListener,
    TransferListener,
)
from replication.state_machine import Restoration, StateMachine

if TYPE_CHECKING:
    from replication.engine.link_tls import LinkTls

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """Attributes:
    connected: there is a session with this peer now.
    heard_ago_ms: how old the newest message of ours is that it has answered. Only a leader
        knows; None elsewhere.
    """

    replica_id: str
    host: str
    port: int
    connected: bool
    heard_ago_ms: int | None


class RaftLog:
    """Implements `ReplicatedLog`. Make one with `start`."""

    def __init__(
        self,
        config: ReplicationConfig,
        directory: DataDirectory,
        membership: MembershipStore,
        wal: Wal,
        store: SnapshotStore,
        state_machine: StateMachine,
        listener: LeadershipListener,
        *,
        on_fatal: Callable[[Fatal], None],
        observer: LogObserver,
        tls: "LinkTls | None",
    ) -> None:
        self._config = config
        self._tls = tls
        self._directory = directory
        self._wal = wal
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._fail_stop: Final = FailStop(self._died)
        self._job_thread = JobThread(
            f"raft-jobs-{config.replica_id}", lambda job, error: self._engine.job_ended(job, error)
        )
        self._step_handle: asyncio.Handle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        random = Random()
        self._net = Net(config, self, random=random, observer=observer, tls=tls)
        self._outgoing = Outgoing(self._net)
        self._space = DiskSpace(
            directory.path,
            reserve_bytes=config.disk_reserve_bytes,
            observer=observer,
            on_change=lambda is_short: self._engine.space_changed(is_short=is_short),
        )
        self._engine = Engine(
            config,
            state_machine=state_machine,
            listener=_LoggedListener(config.replica_id, listener),
            observer=observer,
            wal=wal,
            store=store,
            membership=membership,
            files=directory.files,
            links=self._outgoing,
            now_s=self._loop.time,
            random=random,
            wake=self._wake,
            fail_stop=self._fail_stop,
        )
        self._flushing = Flushing(
            config.replica_id,
            engine=self._engine,
            membership=membership,
            outgoing=self._outgoing,
            is_busy=lambda: self._job_thread.is_busy,
            after_flush=self._step_now,
            on_failure=self._flush_failed,
        )

    @classmethod
    async def start(
        cls,
        config: ReplicationConfig,
        state_machine: StateMachine,
        leadership_listener: LeadershipListener,
        *,
        on_fatal: Callable[[Fatal], None],
        observer: LogObserver | None = None,
    ) -> "RaftLog":
        """Take the data directory, recover the log from it, and join the cluster.

        The state machine holds the newest snapshot when this returns, and nothing else is applied
        yet. What this replica knows to be committed is applied in the next turns of the loop; the
        rest when a leader says so.

        Args:
            on_fatal: called once if this replica must end; the process must then exit.

        Raises:
            DataDirectoryRefused: not our directory, in use, or not usable.
            TlsFilesRefused: the certificate, its key or the authority cannot be used.
            WalDamaged, SnapshotDamaged, TermFileDamaged: the disk of one alone lost what it had
                promised. One of several takes from the others what it lost.
            CheckedFileDamaged, ConfigurationUnreadable: what it belongs to cannot be read.
            SnapshotUnreadable: a newer program wrote the snapshot.
            OSError: the log cannot be read, or the address cannot be listened on.
        """
        began_s = time.monotonic()
        tls = _link_tls(config)
        directory = DataDirectory.claim(config.data_directory)
        try:
            identity = directory.begin_life(config.cluster_id, config.replica_id)
            membership = MembershipStore(
                directory.files, identity, incarnation=Random().getrandbits(62)
            )
            store, wal = open_log(
                directory.files,
                membership,
                segment_bytes_max=config.segment_bytes_max,
                new_disk_id=lambda: uuid.uuid4().hex,
            )
            if store.newest is not None:
                restoration = state_machine.restore(store.newest.index)
                await asyncio.to_thread(_restore, store, restoration)
                restoration.put_in_place()
        except BaseException:
            directory.release()
            raise
        log.info(
            "raft_log_recovered",
            replica_id=config.replica_id,
            snapshot_index=0 if store.newest is None else store.newest.index,
            last_index=wal.last_index,
            term=wal.term,
            took_ms=round((time.monotonic() - began_s) * 1000),
        )
        started = cls(
            config,
            directory,
            membership,
            wal,
            store,
            state_machine,
            leadership_listener,
            on_fatal=on_fatal,
            observer=SilentObserver() if observer is None else observer,
            tls=tls,
        )
        started._fail_stop.arm()
        try:
            started._net.start()
            started._space.start()
        except BaseException:
            await started.stop()
            raise
        started._wake()
        return started

    def propose(self, command: bytes, on_outcome: OutcomeListener) -> None:
        """See `ReplicatedLog.propose`. After a stop or a fatal end nothing is answered."""
        self._engine.propose(command, on_outcome)

    def read(self, on_outcome: ReadListener) -> None:
        self._engine.read(on_outcome)

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        self._engine.transfer_leadership(to, on_outcome)

    def change_members(self, change: MembershipChange, on_outcome: ChangeListener) -> None:
        self._engine.change_members(change, on_outcome)

    def membership(self) -> MembershipStatus:
        return self._engine.membership()

    def status(self) -> LogStatus:
        return self._engine.status()

    def applied_position(self) -> tuple[int, int]:
        """Index and term of the last entry applied: of the state as it is in this very turn."""
        index = self._engine.status().applied_index
        return index, self._wal.term_at(index) or 0

    def peers(self) -> list[PeerStatus]:
        open_sessions = self._engine.open_sessions
        now_s = self._loop.time()
        statuses: list[PeerStatus] = []
        for peer, address in sorted(self._net.contacts.items()):
            heard_s = self._engine.last_heard_s(peer)
            statuses.append(
                PeerStatus(
                    peer,
                    address.host,
                    address.port,
                    peer in open_sessions,
                    None if heard_s is None else max(0, round((now_s - heard_s) * 1000)),
                )
            )
        return statuses

    def certificate_expires_in_s(self) -> float | None:
        """Until this replica's certificate expires, the newest on disk; None without TLS."""
        return None if self._tls is None else self._tls.expires_in_s()

    async def stop(self) -> None:
        """Leave the cluster: as good as a crash for the others, only sooner noticed. What is open
        is answered `OutcomeUnknown`, and `leadership_lost` is called, before the first wait."""
        self._engine.stop()
        self._space.stop()
        self._cancel_alarm()
        await self._net.close()
        await self._flushing.stop()
        await self._job_thread.stop()
        self._fail_stop.disarm()
        self._wal.close()
        self._directory.release()

    # What the network tells.

    @property
    def standing(self) -> Standing:
        return self._engine.standing

    def session_opened(self, peer: str, standing: Standing) -> None:
        self._outgoing.forget(peer)
        self._engine.session_opened(peer, standing)

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        self._outgoing.forget(peer)
        self._engine.session_closed(peer, by_peer=by_peer)

    def received(self, peer: str, frame: bytes) -> None:
        self._engine.received(peer, frame)

    def all_received(self) -> None:
        if not self._engine.is_leading:
            # A leader waits for our disk; all else comes after that.
            self._flushing.start()
        self._step_now()

    # The loop.

    def _wake(self) -> None:
        if self._step_handle is None:
            self._step_handle = self._loop.call_soon(self._step)

    def _step(self) -> None:
        self._step_handle = None
        self._engine.step()
        self._flushing.start()
        job = self._engine.take_job()
        if job is not None:
            self._job_thread.start(job)
        self._set_alarm()

    def _step_now(self) -> None:
        """Instead of in the next turn of the loop, if a step was asked for."""
        if self._step_handle is not None:
            self._step_handle.cancel()
            self._step()

    def _flush_failed(self, error: Exception) -> None:
        # R7: what is on disk after a failed sync, nobody knows. It is never tried again.
        self._fail_stop.stop(error)

    def _set_alarm(self) -> None:
        deadline_s = self._engine.next_deadline_s()
        if self._alarm is not None:
            if self._alarm.when() <= deadline_s:
                # Rings too early rather than being set again for each message.
                return
            self._alarm.cancel()
            self._alarm = None
        if deadline_s != float("inf"):
            self._alarm = self._loop.call_at(deadline_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._step()

    def _cancel_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _died(self, fatal: Fatal) -> None:
        self._net.abort()
        self._space.stop()
        self._cancel_alarm()
        self._flushing.cancel()
        log.critical(
            "raft_replica_died",
            replica_id=self._config.replica_id,
            cause=fatal.cause,
            error=repr(fatal.error),
            exc_info=fatal.error,
        )
        self._on_fatal(fatal)


class _LoggedListener:
    def __init__(self, replica_id: str, listener: LeadershipListener) -> None:
        self._replica_id = replica_id
        self._listener = listener

    def leadership_gained(self, term: int) -> None:
        log.info("raft_leadership_gained", replica_id=self._replica_id, term=term)
        self._listener.leadership_gained(term)

    def leadership_lost(self, term: int) -> None:
        log.info("raft_leadership_lost", replica_id=self._replica_id, term=term)
        self._listener.leadership_lost(term)


def _restore(store: SnapshotStore, restoration: Restoration) -> None:
    assert store.newest is not None
    for chunk in store.chunks(store.newest):
        restoration.take(chunk)


def _link_tls(config: ReplicationConfig) -> "LinkTls | None":
    if config.tls is None:
        return None
    # What reads certificates takes 50 ms to import: only who has some waits for it.
    from replication.engine.link_tls import LinkTls

    return LinkTls(config.tls, cluster_id=config.cluster_id, replica_id=config.replica_id)
