"""When the log is written and synced, and where: in a thread of its own, or on the event loop."""

import asyncio
from collections.abc import Callable
from typing import Final

from replication.engine.disk_thread import DiskThread, perform
from replication.engine.engine import Engine
from replication.engine.membership_store import MembershipStore
from replication.engine.outgoing import Outgoing
from replication.engine.sync_placement import SyncPlacement
from replication.engine.wal_flush import Flush

_NOTE_AFTER_S: Final = 0.02
"""What lets a later start tell damage from a torn write is written when nobody waits for the disk,
and not on the event loop: even a write that is not synced may wait for seconds while the file
system brings much else to the disk."""


class Flushing:
    """
    Args:
        is_busy: this process writes much else just now.
        after_flush: called when a flush in the thread has ended, and was told.
        on_failure: nobody knows what is on the disk.
    """

    def __init__(
        self,
        replica_id: str,
        *,
        engine: Engine,
        membership: MembershipStore,
        outgoing: Outgoing,
        is_busy: Callable[[], bool],
        after_flush: Callable[[], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._membership = membership
        self._outgoing = outgoing
        self._is_busy = is_busy
        self._after_flush = after_flush
        self._on_failure = on_failure
        self._thread = DiskThread(f"raft-disk-{replica_id}", self._ended)
        self._placement = SyncPlacement(replica_id)
        self._note_timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to write what waits, if nothing is being written, and send what was said."""
        flush = self._engine.take_flush()
        if flush is not None and not self._is_on_loop():
            self._thread.start(flush)
            flush = None
        # Meanwhile: what is sent here needs no sync of ours.
        self._outgoing.send_all()
        if flush is None:
            return
        try:
            duration_s = perform(flush)
        except Exception as error:
            self._on_failure(error)
        else:
            self._flushed(flush, duration_s)

    def cancel(self) -> None:
        if self._note_timer is not None:
            self._note_timer.cancel()
            self._note_timer = None

    async def stop(self) -> None:
        """Returns when what was under way has ended."""
        self.cancel()
        await self._thread.stop()

    def _is_on_loop(self) -> bool:
        if self._is_busy():
            return False  # Then small syncs take long as well.
        engine, voters = self._engine, self._membership.configuration.members
        return self._placement.is_on_loop(engine.leader_id, voters, engine.open_sessions)

    def _ended(self, flush: Flush, result: float | Exception) -> None:
        if isinstance(result, Exception):
            self._on_failure(result)
        elif flush.is_note:
            self._engine.note_written()
            self.start()
        else:
            self._flushed(flush, result)
            self._after_flush()

    def _flushed(self, flush: Flush, duration_s: float) -> None:
        self._placement.synced(duration_s)
        self._engine.flushed(flush, duration_s)
        self._outgoing.send_all()
        if self._note_timer is None:
            self._note_timer = self._loop.call_later(_NOTE_AFTER_S, self._note)

    def _note(self) -> None:
        self._note_timer = None
        note = self._engine.take_note()
        if note is not None:
            self._thread.start(note)
