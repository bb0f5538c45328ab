"""pysyncobj as it is, in the same world: its own timers, messages and journal, and nothing of ours.

Where it could be modelled in more than one way it has the kinder one: a damaged record ends the log
instead of being believed, and a failure inside it ends the process, to be started again.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from random import Random
from typing import Any, cast

import pysyncobj
from pysyncobj import FAIL_REASON, SyncObjConf, replicated, syncobj
from pysyncobj.journal import Journal
from pysyncobj.transport import Transport

from replication.engine.core import Voter
from replication.engine.messages import Standing
from replication.replicated_log import (
    Committed,
    LogStatus,
    OutcomeUnknown,
    ProposalOutcome,
    ReadListener,
    ReadReady,
    TransferListener,
)
from tests.simulation.raft.disk import SimDisk
from tests.simulation.raft.replica import Replica, Violation
from tests.simulation.raft.world import World, simulated

TICK_S = 0.05
"""Its own default; whatever comes in is handled at once."""

_META = "journal.meta"
_LOG = "journal"
_HEAD = struct.Struct("<IIQQ")
"""Size of the command, checksum, index, term. Index 0: cut the log to so many entries."""


class PlainJournal(Journal):  # type: ignore[misc]
    """Writes where `pysyncobj.journal.FileJournal` writes, and as that one never syncs."""

    def __init__(self, disk: SimDisk) -> None:
        self._disk = disk
        self._entries: list[tuple[bytes, int, int]] = []
        self._meta: dict[str, Any] = {}
        self._is_meta_saved = True
        if _META in disk.names():
            try:
                self._meta = json.loads(disk.read(_META))
            except ValueError:
                self._meta = {}
        if _LOG in disk.names():
            self._file = disk.open(_LOG, self._read(disk.read(_LOG)))
        else:
            self._file = disk.create(_LOG)

    def add(self, command: bytes, idx: int, term: int) -> None:
        self._entries.append((command, idx, term))
        self._write(command, idx, term)

    def clear(self) -> None:
        self.deleteEntriesFrom(0)

    def deleteEntriesFrom(self, entry_from: int) -> None:  # noqa: N802 - pysyncobj's names
        del self._entries[entry_from:]
        self._write(b"", 0, entry_from)

    def deleteEntriesTo(self, entry_to: int) -> None:  # noqa: N802
        raise AssertionError("logs are too short to be compacted here")

    def __getitem__(self, item: Any) -> Any:
        return self._entries[item]

    def __len__(self) -> int:
        return len(self._entries)

    def _destroy(self) -> None: ...

    def setRaftCommitIndex(self, index: int) -> None:  # noqa: N802
        self._meta["raftCommitIndex"] = index
        self._is_meta_saved = False

    def getRaftCommitIndex(self) -> int:  # noqa: N802
        return int(self._meta.get("raftCommitIndex", 1))

    def setCurrentTerm(self, term: int, voted_for: str | None) -> None:  # noqa: N802
        self._meta["currentTerm"] = term
        self._meta["votedForNodeId"] = voted_for
        self._save_meta()

    def getCurrentTerm(self) -> int:  # noqa: N802
        return int(self._meta.get("currentTerm", 0))

    def getVotedForNodeId(self) -> str | None:  # noqa: N802
        voted_for = self._meta.get("votedForNodeId")
        return None if voted_for is None else str(voted_for)

    def onOneSecondTimer(self) -> None:  # noqa: N802
        if not self._is_meta_saved:
            self._save_meta()

    def _save_meta(self) -> None:
        """Beside the old one, then renamed over it."""
        if f"{_META}.tmp" in self._disk.names():
            self._disk.remove(f"{_META}.tmp")
        file = self._disk.create(f"{_META}.tmp")
        file.append(json.dumps(self._meta).encode())
        self._disk.rename(f"{_META}.tmp", _META)
        self._is_meta_saved = True

    def _write(self, command: bytes, idx: int, term: int) -> None:
        self._file.append(_HEAD.pack(len(command), zlib.crc32(command), idx, term) + command)

    def _read(self, data: bytes) -> int:
        """How much of it makes sense."""
        position = 0
        while position + _HEAD.size <= len(data):
            size, checksum, idx, term = _HEAD.unpack_from(data, position)
            command = data[position + _HEAD.size : position + _HEAD.size + size]
            if len(command) < size or zlib.crc32(command) != checksum:
                break
            if idx == 0:
                del self._entries[term:]
            elif idx != len(self._entries) + 1:
                break
            else:
                self._entries.append((command, idx, term))
            position += _HEAD.size + size
        return position


class _PlainTransport(Transport):  # type: ignore[misc]
    def __init__(self, replica: "PlainReplica", voters: dict[str, Voter]) -> None:
        super().__init__(None, None, [])
        self.voters = voters
        self._replica = replica

    def send(self, node: Any, message: dict[str, Any]) -> bool:
        # The network only passes it on; a copy, as bytes would be.
        self._replica.send(node.id, cast("bytes", deepcopy(message)))
        return True

    def connected(self, peer: str) -> None:
        self._onNodeConnected(self.voters[peer])

    def disconnected(self, peer: str) -> None:
        self._onNodeDisconnected(self.voters[peer])

    def hear(self, peer: str, message: object) -> None:
        self._onMessageReceived(self.voters[peer], deepcopy(message))


class _Commands(pysyncobj.SyncObj):  # type: ignore[misc]
    def __init__(self, replica: "PlainReplica", *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.replica = replica

    @replicated  # type: ignore[untyped-decorator]
    def put(self, command: bytes) -> int:
        index = int(self.raftLastApplied) + 1
        self.replica.apply(index, command)
        self.replica._check_entry()
        return index


class _Belonging:
    """One configuration, for ever."""

    is_voter = True


class _Seen:
    """What the world asks an engine."""

    open_sessions: frozenset[str] = frozenset()

    def space_changed(self, *, is_short: bool) -> None:
        """It does not look."""

    def membership(self) -> _Belonging:
        return _Belonging()

    def __init__(self, replica: "PlainReplica") -> None:
        self._replica = replica
        self._is_stopped = False

    @property
    def is_leading(self) -> bool:
        return self._replica.is_raft_leader

    def status(self) -> LogStatus:
        raft = self._replica.raft
        return LogStatus(
            replica_id=self._replica.name,
            leader_id=None,
            leading=self.is_leading,
            term=raft.raftCurrentTerm,
            commit_index=raft.raftCommitIndex,
            applied_index=raft.raftLastApplied,
            last_index=len(self._replica.journal),
            entries_committed=0,
            commands_committed=0,
        )


class PlainReplica(Replica):
    """One process that runs pysyncobj alone."""

    raft: Any

    def start(self) -> None:
        assert not self.is_up
        self._begin_life()
        self.contacts = {}
        peers = {name: Voter(name) for name in sorted(self.config.peers)}
        self.journal = PlainJournal(self.disk)
        self._transport = _PlainTransport(self, peers)
        self.raft = _Commands(
            self,
            Voter(self.name),
            list(peers.values()),
            SyncObjConf(
                autoTick=False,
                journalFile=self.journal,
                fullDumpFile=None,
                logCompactionMinEntries=10**9,
                logCompactionMinTime=10**9,
            ),
            nodeClass=Voter,
            transport=self._transport,
        )
        self.engine = cast("Any", _Seen(self))
        self.set_contacts(self.config.peers)
        self._tick()

    @property
    def standing(self) -> Standing:
        """It has no such thing."""
        return Standing(1, self.name, self.life, self.life)

    @property
    def is_member(self) -> bool:
        return True

    @property
    def is_raft_leader(self) -> bool:
        return self.is_up and bool(self.raft._isLeader())

    def propose(self, command: bytes, on_outcome: Callable[[ProposalOutcome], None]) -> None:
        life = self.life

        def told(index: int | None, error: int) -> None:
            if self.life != life:
                return
            if error == FAIL_REASON.SUCCESS and index is not None:
                on_outcome(Committed(index, None))
            else:
                on_outcome(OutcomeUnknown())

        self._try(lambda: self.raft.put(command, callback=told))

    def read(self, on_outcome: ReadListener) -> None:
        """It has no other reads than of the state as it is; they are not judged here."""
        on_outcome(ReadReady(self.raft.raftLastApplied))

    def transfer_leadership(self, to: str | None, on_outcome: TransferListener) -> None:
        """Not among what it is tried with."""

    def session_opened(self, peer: str, standing: Standing) -> None:
        self._try(lambda: self._transport.connected(peer))

    def session_closed(self, peer: str, *, by_peer: bool) -> None:
        self._try(lambda: self._transport.disconnected(peer))

    def received(self, peer: str, frame: bytes) -> None:
        self._try(lambda: self._transport.hear(peer, frame))

    def _tick(self) -> None:
        self._try(lambda: self.raft.doTick(0.0))
        self._later(TICK_S, self._tick)

    def _try(self, call: Callable[[], object]) -> None:
        if not self.is_up:
            return
        try:
            call()
        except Violation:
            raise
        except Exception:
            life = self.life
            self.world.at(0.0, lambda: self.crash(power=False) if self.life == life else None)
            return
        if self.is_raft_leader:
            term = self.raft.raftCurrentTerm
            leader = self.world.ledger.leaders.setdefault((1, term), self.name)
            if leader != self.name:
                raise Violation(f"{leader} and {self.name} both lead in term {term}")


@contextmanager
def plain_world(seed: int) -> Iterator[World]:
    """Three of them, with all chance drawn from the seed."""
    random, its_pipe = syncobj.random, syncobj.PIPE_NOTIFIER_ENABLED
    create_journal = syncobj.createJournal
    syncobj.createJournal = lambda journal: journal
    syncobj.PIPE_NOTIFIER_ENABLED = False
    syncobj.random = Random(seed)
    try:
        with simulated(seed, replica_type=PlainReplica) as world:
            yield world
    finally:
        syncobj.random, syncobj.PIPE_NOTIFIER_ENABLED = random, its_pipe
        syncobj.createJournal = create_journal
