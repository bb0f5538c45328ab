"""pysyncobj behind typed words: what it is told, and what it wants to say.

It keeps what it does well: term and vote, the log's growth and legal truncation, match indexes,
the commit rule. Whatever it says goes to a `Speaker`, which decides what leaves; whatever it hears
was checked before. It applies nothing: commands are the payloads of NO_OP entries.
"""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from replication.engine import pinned
from replication.engine.wal import Wal

_NEVER_S: Final = 1e9
"""Its own election timer is parked: `elections.py` decides when to stand (S6)."""

LogEntry = tuple[bytes, int, int]
"""Command with its type byte, index, term: as pysyncobj keeps them."""


class Speaker(Protocol):
    """Hears what pysyncobj wants to say. Called in the middle of its work: must not call back."""

    def says_append(
        self,
        peer: str,
        *,
        prev_index: int,
        prev_term: int,
        entries: Sequence[LogEntry],
        commit_index: int,
    ) -> None: ...

    def needs_snapshot(self, peer: str) -> None:
        """What the peer lacks is not in the log any more. May call `disconnected`."""

    def says_matched(self, peer: str, next_index: int) -> None: ...

    def says_retry(self, peer: str, next_index: int) -> None: ...

    def asks_for_vote(self, peer: str, *, last_index: int, last_term: int) -> None: ...

    def grants_vote(self, peer: str) -> None: ...

    def began_leading(self) -> None: ...


class Voter(pinned.Node):  # type: ignore[misc]
    """A node whose hash does not change from process to process: sets of nodes are iterated."""

    def __init__(self, id: str) -> None:  # noqa: A002 - pysyncobj's name
        super().__init__(id)
        self._crc = zlib.crc32(id.encode())

    def __hash__(self) -> int:
        return self._crc


class _Door(pinned.Transport):  # type: ignore[misc]
    def __init__(self, speaker: Speaker) -> None:
        super().__init__(None, None, [])
        self._speaker = speaker

    def hear(self, voter: Voter | None, message: dict[str, Any]) -> None:
        self._onMessageReceived(voter, message)

    def connected(self, voter: Voter) -> None:
        self._onNodeConnected(voter)

    def disconnected(self, voter: Voter) -> None:
        self._onNodeDisconnected(voter)

    def observed(self, voter: Voter) -> None:
        self._onReadonlyNodeConnected(voter)

    def observed_no_more(self, voter: Voter) -> None:
        self._onReadonlyNodeDisconnected(voter)

    def send(self, node: Any, message: dict[str, Any]) -> bool:
        speaker, peer = self._speaker, node.id
        match message["type"]:
            case "append_entries":
                # S5: chunks of entries are never made, so they cannot be said.
                assert "transmission" not in message
                if "serialized" in message:
                    # S4, N1: snapshots travel in messages of our own.
                    speaker.needs_snapshot(peer)
                    return True
                speaker.says_append(
                    peer,
                    prev_index=message["prevLogIdx"],
                    prev_term=message["prevLogTerm"],
                    entries=message["entries"],
                    commit_index=message["commit_index"],
                )
            case "next_node_idx":
                if message["success"]:
                    speaker.says_matched(peer, message["next_node_idx"])
                elif message["reset"]:
                    speaker.says_retry(peer, message["next_node_idx"])
            case "request_vote":
                speaker.asks_for_vote(
                    peer,
                    last_index=message["last_log_index"],
                    last_term=message["last_log_term"],
                )
            case "response_vote":
                speaker.grants_vote(peer)
            case _:
                # S7d: forwarded commands and the like stay here.
                return False
        return True


class _NoSerializer:
    """pysyncobj neither makes snapshots nor sends nor loads any (S4, N11, N23)."""

    def checkSerializing(self) -> tuple[int, None]:  # noqa: N802 - pysyncobj's names
        return pinned.NOT_SERIALIZING, None

    def getTransmissionData(self, node: object) -> None:  # noqa: N802
        return None

    def cancelTransmisstion(self, node: object) -> None: ...  # noqa: N802


class _NoPoller:
    """It has no connection of its own: looking for what they say is a call to the system for
    nothing, in every tick."""

    def poll(self, timeout: float) -> None: ...


class RaftCore:
    """One `SyncObj`. Any exception out of it leaves it half updated: the process must end."""

    def __init__(
        self,
        *,
        replica_id: str,
        peers: Sequence[str],
        wal: Wal,
        speaker: Speaker,
        election_timeout_min_ms: int,
        heartbeat_ms: int,
        message_bytes: int,
    ) -> None:
        pinned.prepare()
        self._door = _Door(speaker)
        self._voters: Final = {peer: Voter(peer) for peer in peers}
        self._any_peer: Final = min(peers, default=None)
        self._state_changed: Callable[[int, int], None] = lambda _old, new: (
            speaker.began_leading() if new == pinned.syncobj._RAFT_STATE.LEADER else None
        )
        self._sync_obj = pinned.SyncObj(
            Voter(replica_id),
            list(self._voters.values()),
            pinned.SyncObjConf(
                autoTick=False,
                journalFile=wal,
                fullDumpFile=None,
                useFork=False,  # S10
                dynamicMembershipChange=False,  # S9
                logCompactionMinEntries=10**12,
                logCompactionMinTime=1e12,
                raftMinTimeout=_NEVER_S,
                raftMaxTimeout=2 * _NEVER_S,
                connectionTimeout=3 * _NEVER_S,
                leaderFallbackTimeout=election_timeout_min_ms / 1000,  # S6a
                # A little early, so that our own timer never finds it not yet due.
                appendEntriesPeriod=heartbeat_ms * 0.9 / 1000,
                appendEntriesUseBatch=True,  # `send` says when: not after each commit as well
                appendEntriesBatchSizeBytes=message_bytes,  # S5: above the largest entry
                commandsWaitLeader=False,
                commandsQueueSize=0,
                onStateChanged=lambda old, new: self._state_changed(old, new),
            ),
            nodeClass=Voter,
            transport=self._door,
        )
        self._sync_obj._SyncObj__serializer = _NoSerializer()
        self._sync_obj._poller = _NoPoller()

    @property
    def term(self) -> int:
        return int(self._sync_obj.raftCurrentTerm)

    @property
    def commit_index(self) -> int:
        return int(self._sync_obj.raftCommitIndex)

    @property
    def settled_index(self) -> int:
        """Committed, and taken note of by pysyncobj: up to here we may apply."""
        return int(self._sync_obj.raftLastApplied)

    @property
    def is_leader(self) -> bool:
        return bool(self._sync_obj._isLeader())

    @property
    def leader_id(self) -> str | None:
        leader = self._sync_obj._getLeader()
        return None if leader is None else str(leader.id)

    def jump_to(self, index: int) -> None:
        """The state after this entry came from a snapshot: nothing before it is looked at again.

        The log must have the entry already. Never backwards (S4f, N7).
        """
        self._sync_obj._SyncObj__raftLastApplied = max(index, self.settled_index)
        self._sync_obj._SyncObj__raftCommitIndex = max(index, self.commit_index)

    def tick(self) -> None:
        self._sync_obj.doTick(0.0)

    def send(self) -> None:
        """Say now to every peer what it has not been sent yet."""
        self._sync_obj._SyncObj__sendAppendEntries()

    def send_soon(self) -> None:
        """In the next `tick`, and not only when the next heartbeat is due."""
        self._sync_obj._SyncObj__newAppendEntriesTime = 0.0

    def append(self, payload: bytes) -> None:
        """Queue one entry: the next `tick` adds it to the log if this replica leads then."""
        self._sync_obj._applyCommand(payload, None, pinned.NO_OP)

    def connected(self, peer: str) -> None:
        self._door.connected(self._voters[peer])

    def disconnected(self, peer: str) -> None:
        """While so, nothing is sent to this peer; its answers still count."""
        self._door.disconnected(self._voters[peer])

    def observe(self, peer: str) -> None:
        """Send the log to this one too, which has no vote and counts for nothing."""
        self._voters[peer] = Voter(peer)
        self._door.observed(self._voters[peer])

    def observe_no_more(self, peer: str) -> None:
        self._door.observed_no_more(self._voters.pop(peer))

    def stand_for_election(self) -> None:
        """Needs a `tick` to take effect."""
        self._door.hear(self._sync_obj._getLeader(), {"type": "timeout_now", "term": self.term})

    def adopt_term(self, term: int) -> None:
        """Follow in a newer term: by a vote request that nobody could grant."""
        assert term > self.term
        assert self._any_peer is not None, "who is alone hears of no other term"
        self.hear_vote_request(self._any_peer, term, last_index=-1, last_term=-1)

    def hear_append(
        self,
        peer: str,
        *,
        term: int,
        prev_index: int,
        prev_term: int,
        entries: Sequence[LogEntry],
        commit_index: int,
    ) -> None:
        self._door.hear(
            self._voters[peer],
            {
                "type": "append_entries",
                "term": term,
                "prevLogIdx": prev_index,
                "prevLogTerm": prev_term,
                "entries": entries,
                "commit_index": commit_index,
            },
        )

    def hear_matched(self, peer: str, next_index: int) -> None:
        self._hear_answer(peer, next_index, success=True, reset=False)

    def hear_retry(self, peer: str, next_index: int) -> None:
        self._hear_answer(peer, next_index, success=False, reset=True)

    def hear_alive(self, peer: str) -> None:
        """Only notes that the peer answered just now."""
        self._hear_answer(peer, 0, success=False, reset=False)

    def hear_vote_request(self, peer: str, term: int, *, last_index: int, last_term: int) -> None:
        self._door.hear(
            self._voters[peer],
            {
                "type": "request_vote",
                "term": term,
                "last_log_index": last_index,
                "last_log_term": last_term,
            },
        )

    def hear_vote(self, peer: str, term: int) -> None:
        self._door.hear(self._voters[peer], {"type": "response_vote", "term": term})

    def _hear_answer(self, peer: str, next_index: int, *, success: bool, reset: bool) -> None:
        self._door.hear(
            self._voters[peer],
            {
                "type": "next_node_idx",
                "next_node_idx": next_index,
                "success": success,
                "reset": reset,
            },
        )
